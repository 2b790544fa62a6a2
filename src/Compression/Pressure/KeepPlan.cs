using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Pressure;

/// <summary>The slots behind the numbers of an act of compression.</summary>
public static class KeepPlan
{
    /// <summary>Below this many slots the start of worker threads costs more than it saves.</summary>
    private const long ParallelSlots = 1 << 18;

    /// <summary>
    /// The plan in which each row of a session's histogram keeps its best <paramref name="kept"/> slots, sinks and recents before all others.
    /// Without scores, or with scores that are not finite, what stays is sinks and the most recent slots.
    /// </summary>
    /// <param name="shape">The cache, as the histogram saw it.</param>
    /// <param name="scores">The scores the histogram was made of, or null.</param>
    /// <param name="floors">The floors it was made with.</param>
    /// <param name="kept">Entries of each row: layers, or layers x KV heads where heads of a layer differ in length.</param>
    public static RetentionPlan Of(CacheShape shape, AttentionScores? scores, SessionFloors floors, IReadOnlyList<int> kept) =>
        Choose(shape, scores, floors, kept).Plan;

    /// <summary>As <see cref="Of"/>, with what is lost and why the scores were not used.</summary>
    public static KeepChoice Choose(CacheShape shape, AttentionScores? scores, SessionFloors floors, IReadOnlyList<int> kept) =>
        Choose(shape, scores, floors, kept, scores is null ? ScoreFault.Absent : SessionHistogram.Fault(scores), null);

    /// <summary>The same where faults, and perhaps borders, are known.</summary>
    internal static KeepChoice Choose(
        CacheShape shape, AttentionScores? scores, SessionFloors floors, IReadOnlyList<int> kept, ScoreFault? fault, PageRanks? ranks)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(floors);
        ArgumentNullException.ThrowIfNull(kept);
        int rows = SessionHistogram.Rows(shape);
        if (kept.Count != rows)
        {
            throw new ArgumentException($"{kept.Count} counts for a cache of {rows} rows", nameof(kept));
        }

        int perLayer = rows / shape.Layers;
        int[][] slots = new int[shape.Layers * shape.KvHeads][];
        var borders = new RankBorder?[slots.Length];
        void Choose(int head)
        {
            int count = kept[perLayer == 1 ? head / shape.KvHeads : head];
            borders[head] = ranks?.Border(head, count);
            slots[head] = OfHead(shape, fault is null ? scores : null, floors, head, count, borders[head]);
        }

        if (shape.TotalSlots >= ParallelSlots)
        {
            Parallel.For(0, slots.Length, Choose);
        }
        else
        {
            for (int head = 0; head < slots.Length; head++)
            {
                Choose(head);
            }
        }

        var plan = new RetentionPlan(shape.Layers, shape.KvHeads, slots);
        return new KeepChoice(plan, Summary(plan, shape, fault is null ? scores : null, borders, ranks), fault);
    }

    private static int[] OfHead(CacheShape shape, AttentionScores? scores, SessionFloors floors, int index, int count, RankBorder? border)
    {
        int layer = index / shape.KvHeads;
        int head = index % shape.KvHeads;
        int length = shape.Slots(layer, head);
        int sinks = shape.SlotsBefore(layer, head, floors.Sinks);
        if (scores is null)
        {
            return SlotSelection.Best([], sinks, length - sinks, count);
        }

        int recents = Math.Max(sinks, shape.SlotsBefore(layer, head, Math.Max(0, shape.LogicalLength - floors.Recents)));
        ReadOnlySpan<float> middle = scores.Row(layer, head)[sinks..recents];
        return SlotSelection.Best(middle, sinks, length - recents, count, border is { } known ? (known.Lowest, known.Equal) : null);
    }

    /// <summary>From what is known of the borders, where every head has one or stays whole.</summary>
    private static RetentionSummary Summary(
        RetentionPlan plan, CacheShape shape, AttentionScores? scores, RankBorder?[] borders, PageRanks? ranks)
    {
        int[] kept = new int[borders.Length];
        double[] dropped = new double[plan.Layers];
        (double droppedOfAll, double all) = (0, 0);
        for (int layer = 0; layer < plan.Layers; layer++)
        {
            (double lost, double sum) = (0, 0);
            for (int i = layer * plan.KvHeads; i < (layer + 1) * plan.KvHeads; i++)
            {
                kept[i] = plan.Kept(layer, i % plan.KvHeads).Length;
                bool isWhole = kept[i] == shape.Slots(layer, i % plan.KvHeads);
                if (ranks is null || scores is null || (borders[i] is null && !isWhole))
                {
                    return RetentionSummary.Of(plan, shape, scores);
                }

                lost += isWhole ? 0 : ranks.All(i) - borders[i]!.Value.Mass;
                sum += ranks.All(i);
            }

            dropped[layer] = Share(lost, sum);
            (droppedOfAll, all) = (droppedOfAll + lost, all + sum);
        }

        return RetentionSummary.FromCounts(plan.Layers, kept, shape.TotalSlots, Share(droppedOfAll, all), dropped);
    }

    private static double Share(double part, double all) => all > 0 ? Math.Clamp(part / all, 0, 1) : 0;
}

/// <summary>A plan, what it drops, and why it was made without scores.</summary>
/// <param name="Plan">The slots that stay.</param>
/// <param name="Summary">What it comes to; its mass to a few digits.</param>
/// <param name="Fault">Null where the scores were used.</param>
public sealed record KeepChoice(RetentionPlan Plan, RetentionSummary Summary, ScoreFault? Fault);
