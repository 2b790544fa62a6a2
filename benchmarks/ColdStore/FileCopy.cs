using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace KVCluster.Benchmarks.ColdStore;

/// <summary>The same bytes in plain files of 2 MiB, four at once, by the system's calls alone: what a store can be measured by.</summary>
/// <param name="WriteMegabytes">MB a second written and synced.</param>
/// <param name="ReadMegabytes">MB a second read into memory in place.</param>
/// <param name="CopyMegabytes">MB a second read, written to another file and synced.</param>
internal sealed record FileCopy(double WriteMegabytes, double ReadMegabytes, double CopyMegabytes)
{
    private const int FileBytes = 2 << 20;
    private static readonly ParallelOptions Four = new() { MaxDegreeOfParallelism = 4 };

    public static FileCopy Measure(string folder, long bytes, int repeat)
    {
        string place = Directory.CreateDirectory(Path.Combine(folder, "plain")).FullName;
        int files = (int)((bytes + FileBytes - 1) / FileBytes);
        var memory = new byte[files][];
        for (int i = 0; i < files; i++)
        {
            memory[i] = new byte[FileBytes];
            new Random(i).NextBytes(memory[i]);
        }

        double write = double.MaxValue;
        double read = double.MaxValue;
        double copy = double.MaxValue;
        for (int r = 0; r < repeat; r++)
        {
            write = Math.Min(write, Seconds(() => Parallel.For(0, files, Four, i => Write(Path.Combine(place, $"{r}-{i}"), memory[i]))));
            read = Math.Min(read, Seconds(() => Parallel.For(0, files, Four, i => Read(Path.Combine(place, $"{r}-{i}"), memory[i]))));
            copy = Math.Min(copy, Seconds(() => Parallel.For(0, files, Four, i =>
            {
                Read(Path.Combine(place, $"{r}-{i}"), memory[i]);
                Write(Path.Combine(place, $"{r}-{i}-copy"), memory[i]);
            })));
            Directory.Delete(place, recursive: true);
            Directory.CreateDirectory(place);
        }

        Directory.Delete(place);
        double megabytes = (double)files * FileBytes / 1e6;
        return new FileCopy(megabytes / write, megabytes / read, megabytes / copy);
    }

    private static double Seconds(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void Write(string path, byte[] content)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.Write(file, content, 0);
        RandomAccess.FlushToDisk(file);
    }

    private static void Read(string path, byte[] content)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        for (int done = 0; done < content.Length;)
        {
            int read = RandomAccess.Read(file, content.AsSpan(done), done);
            done += read > 0 ? read : throw new EndOfStreamException(path);
        }
    }
}
