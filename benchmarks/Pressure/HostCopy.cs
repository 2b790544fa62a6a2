using System.Diagnostics;

namespace KVCluster.Benchmarks.Pressure;

/// <summary>What the machine copies at best.</summary>
internal static class HostCopy
{
    private const int Block = 1 << 28;

    /// <summary>Milliseconds of copying so many bytes from memory to memory with all processors, in large pieces.</summary>
    public static double Milliseconds(long bytes)
    {
        byte[] from = GC.AllocateUninitializedArray<byte>(Block);
        byte[] to = GC.AllocateUninitializedArray<byte>(Block);
        from.AsSpan().Fill(1);
        to.AsSpan().Fill(2);
        int threads = Environment.ProcessorCount;
        int part = Block / threads;
        long start = Stopwatch.GetTimestamp();
        for (long done = 0; done < bytes; done += Block)
        {
            Parallel.For(0, threads, i => from.AsSpan(i * part, part).CopyTo(to.AsSpan(i * part)));
        }

        return Stopwatch.GetElapsedTime(start).TotalMilliseconds * bytes / ((bytes + Block - 1) / Block * Block);
    }
}
