using System.Diagnostics;
using KVCluster.Compression;
using KVCluster.Inference.Kv;

namespace KVCluster.Benchmarks.Compaction;

/// <summary>
/// One arena, filled to the last page by one cache and compacted again and again, each time beside memcpy over the same memory, so that
/// whatever else the machine does slows both.
/// </summary>
internal sealed unsafe class CompactionBenchmark : IDisposable
{
    private const int Repetitions = 15;

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

    /// <summary>The fastest of several compactions (the whole operation) and of as many memcpys on one thread and on two.</summary>
    public CompactionResult Run(KeptPattern pattern)
    {
        RetentionPlan plan = Plan(pattern, out long moved);
        double compact = double.MaxValue;
        double oneThread = double.MaxValue;
        double twoThreads = double.MaxValue;
        for (int i = 0; i < Repetitions; i++)
        {
            using var cache = new KvCache(_pool);
            cache.PrepareAppend(_tokens);
            cache.CommitAppend(_tokens);
            oneThread = Math.Min(oneThread, Seconds(() => CopyHalf(1)));
            compact = Math.Min(compact, Seconds(() => cache.Compact(plan)));
            twoThreads = Math.Min(twoThreads, Seconds(() => CopyHalf(2)));
        }

        double half = _store.Bytes / 2;
        return new CompactionResult(moved, compact, half / oneThread / 1e9, half / twoThreads / 1e9);
    }

    public void Dispose() => _store.Dispose();

    private static double Seconds(Action run)
    {
        long start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private RetentionPlan Plan(KeptPattern pattern, out long moved)
    {
        KvGeometry geometry = _pool.Geometry;
        var random = new Random(1);
        var kept = new int[geometry.Heads][];
        moved = 0;
        for (int i = 0; i < kept.Length; i++)
        {
            kept[i] = pattern.Kept(random, _tokens);
            moved += kept[i].Where((slot, row) => slot != row).LongCount() * 2 * (geometry.RowBytes + geometry.ScaleBytes);
        }

        return new RetentionPlan(geometry.Layers, geometry.KvHeads, kept);
    }

    /// <summary>Copies the lower half of the arena over the upper half.</summary>
    private void CopyHalf(int threads)
    {
        long half = _store.Bytes / 2;
        long share = half / threads;
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, i =>
        {
            byte* from = _store.Page(0) + (i * share);
            Buffer.MemoryCopy(from, from + half, share, share);
        });
    }
}
