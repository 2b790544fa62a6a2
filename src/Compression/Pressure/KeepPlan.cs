using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Pressure;

/// <summary>The slots behind the numbers of an act of compression.</summary>
public static class KeepPlan
{
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

    /// <summary>As <see cref="Of"/>, with why the scores were not used.</summary>
    public static KeepChoice Choose(CacheShape shape, AttentionScores? scores, SessionFloors floors, IReadOnlyList<int> kept)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(floors);
        ArgumentNullException.ThrowIfNull(kept);
        int rows = SessionHistogram.Rows(shape);
        if (kept.Count != rows)
        {
            throw new ArgumentException($"{kept.Count} counts for a cache of {rows} rows", nameof(kept));
        }

        ScoreFault? fault = scores is null ? ScoreFault.Absent : SessionHistogram.Fault(scores);
        AttentionScores ranked = Ranked(shape, fault is null ? scores : null, floors);
        int perLayer = rows / shape.Layers;
        int[][] slots = new int[shape.Layers * shape.KvHeads][];
        for (int i = 0; i < slots.Length; i++)
        {
            int layer = i / shape.KvHeads;
            int row = perLayer == 1 ? layer : i;
            slots[i] = SlotSelection.Best(ranked.Row(layer, i % shape.KvHeads), kept[row]);
        }

        return new KeepChoice(new RetentionPlan(shape.Layers, shape.KvHeads, slots), fault);
    }

    private static AttentionScores Ranked(CacheShape shape, AttentionScores? scores, SessionFloors floors)
    {
        if (scores is not null)
        {
            AttentionScores raised = scores.Copy();
            ProtectedSlots.Raise(raised, shape, floors.Sinks, floors.Recents);
            return raised;
        }

        float[][] nothing = new float[shape.Layers * shape.KvHeads][];
        for (int i = 0; i < nothing.Length; i++)
        {
            nothing[i] = new float[shape.Slots(i / shape.KvHeads, i % shape.KvHeads)];
        }

        AttentionScores ranked = new(shape.Layers, shape.KvHeads, nothing);
        ProtectedSlots.Raise(ranked, shape, floors.Sinks, shape.LogicalLength);
        return ranked;
    }
}

/// <summary>A plan, and why it was made without scores.</summary>
/// <param name="Plan">The slots that stay.</param>
/// <param name="Fault">Null where the scores were used.</param>
public sealed record KeepChoice(RetentionPlan Plan, ScoreFault? Fault);
