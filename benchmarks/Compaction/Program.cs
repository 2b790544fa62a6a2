using System.Globalization;
using KVCluster.Benchmarks.Compaction;
using KVCluster.Inference.Kv;

// usage: Compaction [MiB of arena = 512] [head size = 64] [tokens a page = 32]
const int Layers = 30;
const int KvHeads = 3;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int[] settings = [512, 64, 32];
for (int i = 0; i < args.Length; i++)
{
    if (i >= settings.Length || !int.TryParse(args[i], out settings[i]) || settings[i] <= 0)
    {
        Console.Error.WriteLine("usage: Compaction [MiB of arena] [head size] [tokens a page]");
        return 2;
    }
}

Console.WriteLine($"full arena of {settings[0]} MiB, {Layers} layers x {KvHeads} KV heads of {settings[1]}, {settings[2]} tokens a page;");
Console.WriteLine($"{Environment.ProcessorCount} processors; GB/s of bytes moved; memcpy of half the arena over the other half, in turns with it");
Console.WriteLine(
    $"{"type",-5} {"kept",-17} {"MiB moved",10} {"ms",7} {"GB/s",7} {"memcpy x1",10} {"ratio",6} {"memcpy x2",10} {"ratio",6}");
foreach (KvElementType type in Enum.GetValues<KvElementType>())
{
    using var benchmark = new CompactionBenchmark(new KvGeometry(Layers, KvHeads, settings[1], type, settings[2]), (long)settings[0] << 20);
    foreach (KeptPattern pattern in KeptPattern.All)
    {
        CompactionResult result = benchmark.Run(pattern);
        Console.WriteLine(
            $"{type,-5} {pattern.Name,-17} {result.Bytes / 1048576.0,10:F1} {result.Seconds * 1e3,7:F1} {result.Rate,7:F2} "
            + $"{result.OneThread,10:F2} {result.Rate / result.OneThread,6:F2} {result.TwoThreads,10:F2} {result.Rate / result.TwoThreads,6:F2}");
    }
}

return 0;
