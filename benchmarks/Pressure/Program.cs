using System.Globalization;
using KVCluster.Benchmarks.Pressure;
using KVCluster.Compression.Pressure;
using KVCluster.Inference.Kv;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length > 2 || !args.All(arg => int.TryParse(arg, out int number) && number > 0))
{
    Console.Error.WriteLine("usage: Pressure [MiB to free, 1024] [repetitions, 5]");
    return 2;
}

long wanted = (args.Length > 0 ? int.Parse(args[0]) : 1024L) << 20;
int repetitions = args.Length > 1 ? int.Parse(args[1]) : 5;
const int Tokens = 4096;

// Keys and values as those of an 8B model with grouped queries: 128 KiB a token.
var geometry = new KvGeometry(32, 8, 128, KvElementType.BF16);
int sessions = (int)Math.Max(2, Math.Ceiling(2.0 * wanted / KvCapacity.BytesFor(geometry, Tokens)));
Console.WriteLine(
    $"{sessions} idle sessions of {Tokens} tokens, {geometry.Layers} layers x {geometry.KvHeads} heads x {geometry.HeadSize}, {geometry.ElementType}; "
    + $"{wanted >> 20} MiB wanted; best of {repetitions}");
Console.WriteLine("what gives               decide ms   plan ms  apply ms  total ms  freed MiB  moved MiB  copying them ms  apply's share of memcpy");
foreach (bool saved in (bool[])[true, false])
{
    ReliefTiming best = default;
    double copy = double.MaxValue;
    for (int i = 0; i < repetitions; i++)
    {
        using var arena = new PressedArena(geometry, sessions, Tokens);
        ScoreHistogram histogram = arena.Histogram();
        ReliefTiming timing = ReliefTiming.Of(arena, histogram, wanted, saved);
        copy = Math.Min(copy, ReliefTiming.Copy(Math.Max(1, timing.Moved), geometry.RowBytes));
        best = best.Freed == 0 || timing.Total < best.Total ? timing : best;
    }

    Console.WriteLine(
        $"{(saved ? "saved sessions leave" : "sessions are cut"),-24}{best.Decide,10:F2}{best.Plan,10:F2}{best.Apply,10:F2}{best.Total,10:F2}"
        + $"{best.Freed >> 20,11}{best.Moved >> 20,11}{(best.Moved == 0 ? 0 : copy),17:F1}{(best.Moved == 0 ? "-" : $"{copy / best.Apply:P0}"),25}");
}

return 0;
