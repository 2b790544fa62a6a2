using System.Globalization;
using KVCluster.Benchmarks.Compaction;
using KVCluster.Inference.Kv;

// usage: Compaction [MiB of arena = 512] [head size = 64] [tokens a page = 32]
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

Console.WriteLine(
    $"arena of {settings[0]} MiB, 30 layers x 3 KV heads of {settings[1]}, {settings[2]} tokens a page, {Environment.ProcessorCount} processors; medians");
Console.WriteLine($"{"type",-5} {"kept",-17} {"moved MiB",10} {"ms",8} {"GB/s",7} {"/ memcpy 1 thread",18} {"/ memcpy 2 threads",19}");
foreach (KvElementType type in Enum.GetValues<KvElementType>())
{
    using var benchmark = new CompactionBenchmark(new KvGeometry(30, 3, settings[1], type, settings[2]), (long)settings[0] << 20);
    double one = benchmark.MemoryCopy(1);
    double two = benchmark.MemoryCopy(2);
    Console.WriteLine($"{type,-5} {"memcpy, 1 thread",-17} {"",10} {"",8} {one,7:F2}");
    Console.WriteLine($"{type,-5} {"memcpy, 2 threads",-17} {"",10} {"",8} {two,7:F2}");
    foreach (KeptPattern pattern in KeptPattern.All)
    {
        (long bytes, double seconds) = benchmark.Compact(pattern);
        double rate = bytes / seconds / 1e9;
        Console.WriteLine(
            $"{type,-5} {pattern.Name,-17} {bytes / 1048576.0,10:F1} {seconds * 1e3,8:F1} {rate,7:F2} {rate / one,18:F2} {rate / two,19:F2}");
    }
}

return 0;
