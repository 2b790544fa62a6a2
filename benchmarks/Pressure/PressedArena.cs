using KVCluster.Compression;
using KVCluster.Compression.Pressure;
using KVCluster.Inference.Kv;

namespace KVCluster.Benchmarks.Pressure;

/// <summary>Sessions with caches and seeded scores on one arena, as a device has them when its memory gets short.</summary>
internal sealed class PressedArena : IDisposable
{
    private readonly CpuPageStore _store;
    private readonly KvPool _pool;
    private readonly AttentionScores _scores;

    public PressedArena(KvGeometry geometry, int sessions, int tokens)
    {
        Geometry = geometry;
        int pages = checked((int)(sessions * KvCapacity.PagesFor(geometry, tokens)));
        _store = new CpuPageStore(geometry, pages);
        _pool = new KvPool(geometry, pages, _store, new MemoryLedger(pages, geometry.PageBytes));
        _scores = Scores(geometry, tokens);
        for (int i = 0; i < sessions; i++)
        {
            var cache = new KvCache(_pool);
            cache.PrepareAppend(tokens);
            cache.CommitAppend(tokens);
            Caches.Add(cache);
        }
    }

    public KvGeometry Geometry { get; }

    public List<KvCache> Caches { get; } = [];

    /// <summary>What no cut takes.</summary>
    public SessionFloors Floors { get; } = new() { MinimumPerHead = 64 };

    public long Used => _pool.Ledger.Snapshot().TotalBytes - _pool.Ledger.Snapshot().FreeBytes;

    /// <summary>Each session's scores; all alike, which spares memory and changes no work.</summary>
    public AttentionScores ScoresOf(int session) => session < Caches.Count ? _scores : throw new ArgumentOutOfRangeException(nameof(session));

    /// <summary>The device as its controller sees it when <paramref name="wanted"/> bytes must come free.</summary>
    public PressureSnapshot Snapshot(ScoreHistogram histogram, long wanted, PressureOptions options, bool saved) => new()
    {
        LimitBytes = (long)((Used - wanted) / options.LowWatermark),
        UsedBytes = Used,
        Candidates = [.. Caches.Select((cache, i) => new PressureCandidate
        {
            Session = i.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Bytes = cache.Bytes,
            Histogram = saved ? null : histogram,
            ReturnChance = 0.5,
            SecondsToReturn = 1,
            MayLeave = saved,
            HasColdCopy = saved,
        })],
    };

    /// <summary>The histogram of a session, as it is made when a turn ends.</summary>
    public ScoreHistogram Histogram()
    {
        long[] slotBytes = new long[Geometry.Layers];
        Array.Fill(slotBytes, 2L * Geometry.PageBytes / Geometry.PageTokens);
        CacheShape shape = CacheShape.Whole(Geometry.Layers, Geometry.KvHeads, Caches[0].LogicalLength);
        return SessionHistogram.Of(shape, _scores, Floors, slotBytes, Geometry.PageTokens);
    }

    public void Dispose()
    {
        Caches.ForEach(cache => cache.Dispose());
        _store.Dispose();
    }

    private static AttentionScores Scores(KvGeometry geometry, int tokens)
    {
        var random = new Random(1);
        var rows = new float[geometry.Heads][];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = [.. Enumerable.Range(0, tokens).Select(_ => (float)Math.Exp(-6 * random.NextDouble()))];
        }

        return new AttentionScores(geometry.Layers, geometry.KvHeads, rows);
    }
}
