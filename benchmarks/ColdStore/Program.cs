using System.Globalization;
using KVCluster.Benchmarks.ColdStore;
using KVCluster.Inference.Kv;

// usage: ColdStore MODEL [tokens = 2048] [repetitions = 5] [f32|bf16|int8 = bf16] [folder]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length == 0
    || (args.Length > 1 && !(int.TryParse(args[1], out int given) && given > 0))
    || (args.Length > 2 && !(int.TryParse(args[2], out given) && given > 0))
    || (args.Length > 3 && !Enum.TryParse<KvElementType>(args[3], ignoreCase: true, out _)))
{
    Console.Error.WriteLine("usage: ColdStore MODEL [tokens] [repetitions] [f32|bf16|int8] [folder]");
    return 2;
}

int tokens = args.Length > 1 ? int.Parse(args[1]) : 2048;
int repeat = args.Length > 2 ? int.Parse(args[2]) : 5;
KvElementType type = args.Length > 3 ? Enum.Parse<KvElementType>(args[3], ignoreCase: true) : KvElementType.BF16;
string folder = args.Length > 4 ? args[4] : Path.Combine(Path.GetTempPath(), "kvcluster-cold-" + Guid.NewGuid().ToString("n"));

using var session = new ColdSession(args[0], tokens, type, folder);
Console.WriteLine($"{tokens} tokens, {type}, {Environment.ProcessorCount} processors; best of {repeat}; {session.Bytes / 1e6:F1} MB of rows");
Console.WriteLine($"prefill {session.PrefillSeconds:F2} s, {tokens / session.PrefillSeconds:F0} tokens/s");

FileCopy plain = FileCopy.Measure(folder, session.Bytes, repeat);
Console.WriteLine(
    $"plain files of 2 MiB: write and sync {plain.WriteMegabytes:F0} MB/s, read {plain.ReadMegabytes:F0} MB/s,"
    + $" copy and sync {plain.CopyMegabytes:F0} MB/s");
Console.WriteLine();
Console.WriteLine("MB/s count rows as the arena has them; of write, copy, read: bytes stored a second over plain files';");
Console.WriteLine("resume: prefill time over load time");
Console.WriteLine(
    $"{"copy",-20} {"stored %",9} {"save MB/s",10} {"of write",9} {"of copy",8} {"load ms",8} {"load MB/s",10} {"of read",8} {"resume x",9}");
foreach (ColdCase c in ColdCase.All(type))
{
    ColdResult result = await session.RunAsync(c, repeat);
    double stored = result.StoredBytes / 1e6;
    Console.WriteLine(
        $"{c.Name,-20} {100.0 * result.StoredBytes / session.Bytes,9:F1} {result.Rows / result.SaveSeconds / 1e6,10:F0}"
        + $" {stored / result.SaveSeconds / plain.WriteMegabytes,9:F2} {stored / result.SaveSeconds / plain.CopyMegabytes,8:F2}"
        + $" {1000 * result.LoadSeconds,8:F1} {result.Rows / result.LoadSeconds / 1e6,10:F0}"
        + $" {stored / result.LoadSeconds / plain.ReadMegabytes,8:F2} {session.PrefillSeconds / result.LoadSeconds,9:F1}");
}

return 0;
