using System.Diagnostics;
using KVCluster.Compression;
using KVCluster.Inference.Kv;

namespace KVCluster.Benchmarks.Compaction;

/// <summary>One arena, filled to the last page by one cache and compacted again and again; memcpy over the same memory beside it.</summary>
internal sealed unsafe class CompactionBenchmark : IDisposable
{
    private const int Repetitions = 9;

    private readonly CpuPageStore _store;
    private readonly KvPool _pool;
    private readonly int _tokens;

    public CompactionBenchmark(KvGeometry geometry, long bytes)
    {
        _tokens = KvCapacity.MaxTokens(geometry, bytes);
        int pages = checked((int)KvCapacity.PagesFor(geometry, _tokens));
        _store = new CpuPageStore(geometry, pages);
        _pool = new KvPool(geometry, pages, _store, new MemoryLedger(pages, geometry.PageBytes));
        for (int page = 0; page < pages; page++)
        {
            // The first touch makes the system find memory; it is no part of what is measured.
            new Span<byte>(_store.Page(page), geometry.PageBytes).Fill((byte)page);
        }
    }

    /// <summary>Copies the lower half of the arena over the upper half; GB/s of bytes copied, the median.</summary>
    public double MemoryCopy(int threads)
    {
        long half = _store.Bytes / 2;
        long share = half / threads;
        return half / Median(
            () => { },
            () => Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, i =>
            {
                byte* from = _store.Page(0) + (i * share);
                Buffer.MemoryCopy(from, from + half, share, share);
            })) / 1e9;
    }

    /// <summary>Fills the arena and compacts it: bytes moved, and the median of the seconds of the whole operation.</summary>
    public (long Bytes, double Seconds) Compact(KeptPattern pattern)
    {
        KvGeometry geometry = _pool.Geometry;
        var random = new Random(1);
        var kept = new int[geometry.Heads][];
        for (int i = 0; i < kept.Length; i++)
        {
            kept[i] = pattern.Kept(random, _tokens);
        }

        var plan = new RetentionPlan(geometry.Layers, geometry.KvHeads, kept);
        long moved = kept.Sum(k => k.Where((slot, i) => slot != i).LongCount()) * 2 * (geometry.RowBytes + geometry.ScaleBytes);
        KvCache? cache = null;
        double seconds = Median(
            () =>
            {
                cache?.Dispose();
                cache = new KvCache(_pool);
                cache.PrepareAppend(_tokens);
                cache.CommitAppend(_tokens);
            },
            () => cache!.Compact(plan));
        cache?.Dispose();
        return (moved, seconds);
    }

    public void Dispose() => _store.Dispose();

    private static double Median(Action prepare, Action run)
    {
        var seconds = new double[Repetitions];
        for (int i = 0; i < Repetitions; i++)
        {
            prepare();
            long start = Stopwatch.GetTimestamp();
            run();
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        Array.Sort(seconds);
        return seconds[Repetitions / 2];
    }
}
