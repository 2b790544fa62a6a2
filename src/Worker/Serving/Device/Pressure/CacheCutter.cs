using System.Diagnostics;
using KVCluster.Compression;
using KVCluster.Compression.Pressure;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>Cuts a cache to the counts of an act, by the scores at hand.</summary>
internal sealed class CacheCutter(DeviceParts parts, CacheRanking ranking)
{
    /// <summary>The name such cuts have among compressions.</summary>
    public const string Policy = "pressure";

    /// <summary>Cuts; nothing has changed where the result has no report.</summary>
    public CutResult Cut(DeviceSession session, CompressAct act, string cause)
    {
        KvCache cache = session.Cache!;
        SessionFloors floors = ranking.FloorsOf(session);
        ScoreHistogram? histogram = session.Ranked?.Contents.Floors == floors ? session.Ranked.Histogram : null;
        long bytes = cache.Bytes;
        long free = parts.Ledger().FreeBytes;
        long start = Stopwatch.GetTimestamp();
        SessionRanking? ready = ranking.Ready(session, floors);
        (KeepChoice choice, AttentionScores? scores) = Choose(session, act, floors, ready);
        bool made = session.Carried is not null;
        RetentionSummary summary = choice.Summary;
        double planning = Stopwatch.GetElapsedTime(start).TotalSeconds;
        start = Stopwatch.GetTimestamp();
        try
        {
            PlanApplication.Apply(parts.Backend, cache, choice.Plan);
        }
        catch (ArenaFullException e)
        {
            return new CutResult(null, [], e.Message);
        }

        var report = new CompressionReport
        {
            At = parts.Options.Time.GetUtcNow(),
            Cause = cause,
            Policy = Policy,
            Ratio = null,
            Summary = summary,
            DroppedMass = summary.DroppedMass,
            BytesBefore = bytes,
            BytesAfter = cache.Bytes,
            FreedBytes = parts.Ledger().FreeBytes - free,
            LogicalLength = cache.LogicalLength,
            ScoringBytes = 0,
            ScoringSeconds = 0,
            PlanSeconds = planning,
            ApplySeconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
        };
        Note(session, report, histogram, act.Keep, floors, made && scores is not null);
        session.Carried = made && scores is not null ? CarriedScores.Kept(scores, choice.Plan) : null;
        if (ready is not null)
        {
            ranking.Follow(session, ready, choice.Plan);
        }

        return new CutResult(report, KeptPerLayer(summary), choice.Fault?.ToString());
    }

    private (KeepChoice Choice, AttentionScores? Scores) Choose(
        DeviceSession session, CompressAct act, SessionFloors floors, SessionRanking? ready)
    {
        if (ready is not null)
        {
            return (ready.Choose(act.Keep), ready.Scores);
        }

        CacheShape shape = CacheShapes.Of(session.Cache!);
        AttentionScores? scores = SlotScores.Of(parts, session, shape);
        return (KeepPlan.Choose(shape, scores, floors, act.Keep), scores);
    }

    private void Note(
        DeviceSession session, CompressionReport report, ScoreHistogram? histogram, IReadOnlyList<int> keep, SessionFloors floors, bool carried)
    {
        session.Changed();
        session.CutAt = parts.Now;
        session.Compressions = session.Turn is not null && session.Compressions is [.., { Policy: Policy } last]
            ? [.. session.Compressions.SkipLast(1), Join(last, report)]
            : [.. session.Compressions, report];
        bool known = histogram is not null && session.Turn is null && KeepsRows(keep, parts.Geometry.Layers);
        session.Ranked = known
            ? new RankedCache(histogram!.Cut([.. keep]), null, new RankedContents(floors, session.Edits, session.Cached, carried))
            : null;
    }

    /// <summary>
    /// Whether a histogram's rows are those of the cache after the cut: heads of a layer that become equally long are one row from then on.
    /// </summary>
    internal static bool KeepsRows(IReadOnlyList<int> keep, int layers)
    {
        int heads = keep.Count / layers;
        return heads == 1 || Enumerable.Range(0, keep.Count).Any(row => keep[row] != keep[row / heads * heads]);
    }

    /// <summary>A long answer is cut many times: its cuts are one.</summary>
    private static CompressionReport Join(CompressionReport first, CompressionReport then) => then with
    {
        DroppedMass = 1 - ((1 - first.DroppedMass) * (1 - then.DroppedMass)),
        BytesBefore = first.BytesBefore,
        FreedBytes = first.FreedBytes + then.FreedBytes,
        PlanSeconds = first.PlanSeconds + then.PlanSeconds,
        ApplySeconds = first.ApplySeconds + then.ApplySeconds,
    };

    /// <summary>Tokens kept of each layer, averaged over its KV heads.</summary>
    public static double[] KeptPerLayer(RetentionSummary summary)
    {
        var kept = new double[summary.Layers];
        for (int layer = 0; layer < kept.Length; layer++)
        {
            kept[layer] = (double)summary.KeptInLayer(layer) / summary.KvHeads;
        }

        return kept;
    }
}

/// <summary>What a cut came to.</summary>
/// <param name="Report">Its numbers; null where nothing was cut.</param>
/// <param name="KeptPerLayer">Tokens kept of each layer, averaged over its heads.</param>
/// <param name="Fault">What went wrong, or why it fell back.</param>
internal sealed record CutResult(CompressionReport? Report, IReadOnlyList<double> KeptPerLayer, string? Fault);
