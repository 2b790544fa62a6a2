using System.Diagnostics;
using KVCluster.Compression;
using KVCluster.Compression.Pressure;
using KVCluster.Inference.Kv;

namespace KVCluster.Benchmarks.Pressure;

/// <summary>One relief, part by part.</summary>
/// <param name="Decide">Milliseconds of deciding.</param>
/// <param name="Plan">Milliseconds of choosing slots and adding up what is lost.</param>
/// <param name="Apply">Milliseconds of moving rows and freeing pages.</param>
/// <param name="Freed">Bytes that came free.</param>
/// <param name="Moved">Bytes of rows that were moved.</param>
internal readonly record struct ReliefTiming(double Decide, double Plan, double Apply, long Freed, long Moved)
{
    public double Total => Decide + Plan + Apply;

    /// <summary>Cuts caches, or lets those go that a cold copy stands for, until so many bytes are free.</summary>
    public static ReliefTiming Of(PressedArena arena, ScoreHistogram histogram, long wanted, bool saved)
    {
        var options = new PressureOptions();
        var controller = new PressureController(options);
        PressureSnapshot snapshot = arena.Snapshot(histogram, wanted, options, saved);
        long used = arena.Used;
        long start = Stopwatch.GetTimestamp();
        PressureDecision decision = controller.Decide(snapshot, wasPressing: true);
        double decide = Milliseconds(start);
        double plan = 0;
        double apply = 0;
        long moved = 0;
        foreach (PressureAct act in decision.Acts)
        {
            if (act is DropAct drop)
            {
                start = Stopwatch.GetTimestamp();
                arena.Caches[Index(drop.Session)].Dispose();
                apply += Milliseconds(start);
                continue;
            }

            var cut = (CompressAct)act;
            KvCache cache = arena.Caches[Index(cut.Session)];
            start = Stopwatch.GetTimestamp();
            CacheShape shape = CacheShape.Whole(arena.Geometry.Layers, arena.Geometry.KvHeads, cache.LogicalLength);
            AttentionScores scores = arena.ScoresOf(Index(cut.Session));
            RetentionPlan kept = KeepPlan.Of(shape, scores, arena.Floors, cut.Keep);
            _ = RetentionSummary.Of(kept, shape, scores);
            plan += Milliseconds(start);
            moved += MovedBytes(kept, arena.Geometry);
            start = Stopwatch.GetTimestamp();
            cache.Compact(kept);
            apply += Milliseconds(start);
        }

        return new ReliefTiming(decide, plan, apply, used - arena.Used, moved);
    }

    /// <summary>Milliseconds of copying so many bytes, page by page.</summary>
    public static double Copy(long bytes, int page)
    {
        int size = (int)Math.Min(bytes, 1 << 28);
        byte[] from = GC.AllocateUninitializedArray<byte>(size);
        byte[] to = GC.AllocateUninitializedArray<byte>(size);
        from.AsSpan().Fill(1);
        to.AsSpan().Fill(2);
        long start = Stopwatch.GetTimestamp();
        for (long done = 0; done < bytes; done += page)
        {
            int at = (int)(done % Math.Max(1, size - page));
            from.AsSpan(at, Math.Min(page, size - at)).CopyTo(to.AsSpan(at));
        }

        return Milliseconds(start);
    }

    private static long MovedBytes(RetentionPlan plan, KvGeometry geometry)
    {
        long rows = 0;
        for (int i = 0; i < geometry.Heads; i++)
        {
            ReadOnlySpan<int> kept = plan.Kept(i / geometry.KvHeads, i % geometry.KvHeads);
            int unmoved = 0;
            while (unmoved < kept.Length && kept[unmoved] == unmoved)
            {
                unmoved++;
            }

            rows += kept.Length - unmoved;
        }

        return rows * 2 * geometry.RowBytes;
    }

    private static int Index(string session) => int.Parse(session, System.Globalization.CultureInfo.InvariantCulture);

    private static double Milliseconds(long start) => Stopwatch.GetElapsedTime(start).TotalMilliseconds;
}
