using System.Globalization;
using KVCluster.Benchmarks.Pressure;
using KVCluster.Inference.Kv;
using KVCluster.Worker;

// usage: Pressure MODEL [MiB to free = 1024] [repetitions = 5]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length is 0 or > 3 || !args.Skip(1).All(arg => int.TryParse(arg, out int number) && number > 0))
{
    Console.Error.WriteLine("usage: Pressure MODEL [MiB to free, 1024] [repetitions, 5]   (the model lends its tokenizer)");
    return 2;
}

long wanted = (args.Length > 1 ? int.Parse(args[1]) : 1024L) << 20;
int repetitions = args.Length > 2 ? int.Parse(args[2]) : 5;
const int Tokens = 4096;

// Keys and values as those of an 8B model with grouped queries: 128 KiB a token.
var geometry = new KvGeometry(32, 8, 128, KvElementType.BF16);
int sessions = (int)Math.Max(2, Math.Ceiling(2.0 * wanted / KvCapacity.BytesFor(geometry, Tokens)));
using LocalModel model = LocalModel.Open(args[0], new LocalModelOptions { ArenaBytes = 1 << 20 });
Console.WriteLine(
    $"{sessions} idle sessions of {Tokens} tokens, {geometry.Layers} layers x {geometry.KvHeads} heads x {geometry.HeadSize}, {geometry.ElementType}, in a worker; "
    + $"{wanted >> 20} MiB wanted; {Environment.ProcessorCount} processors; best of {repetitions}");
Console.WriteLine("what gives              total ms   plan ms  apply ms   rest ms  freed MiB  acts  memcpy of the freed ms  share of memcpy");
foreach (bool saved in (bool[])[true, false])
{
    ReliefTiming best = default;
    double copy = double.MaxValue;
    for (int i = 0; i < repetitions; i++)
    {
        await using PressedDevice device = await PressedDevice.FillAsync(model, geometry, sessions, Tokens, saved);
        ReliefTiming timing = await device.RelieveAsync(wanted);
        copy = Math.Min(copy, HostCopy.Milliseconds(wanted) * timing.Freed / wanted);
        best = best.Freed == 0 || timing.Total < best.Total ? timing : best;
    }

    Console.WriteLine(
        $"{(saved ? "saved sessions leave" : "sessions are cut"),-22}{best.Total,10:F2}{best.Plan,10:F2}{best.Apply,10:F2}{best.Rest,10:F2}"
        + $"{best.Freed >> 20,11}{best.Acts,6}{copy,24:F1}{(saved ? "-" : $"{copy / (best.Plan + best.Apply):P0}"),16}");
}

return 0;
