using System.Numerics.Tensors;
using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Pressure;

/// <summary>
/// Histograms of a cache from its scores [layers, kvHeads, slots]. A row is a layer's composites where all heads of every layer are equally
/// long, else a head's slots: caches whose heads have lengths of their own are cut head by head.
/// </summary>
public static class SessionHistogram
{
    /// <summary>
    /// The histogram of a session. Scores that are missing (null) or not finite are named in <see cref="ScoreHistogram.Fault"/>, and nothing
    /// but sinks and recents is then told apart.
    /// </summary>
    /// <param name="shape">The cache.</param>
    /// <param name="scores">What its slots are worth, one row for each KV head; null where nothing is known.</param>
    /// <param name="floors">What stays.</param>
    /// <param name="slotBytes">Bytes of one slot of each layer, key and value, [layers].</param>
    /// <param name="pageTokens">Slots of a page.</param>
    public static ScoreHistogram Of(
        CacheShape shape, AttentionScores? scores, SessionFloors floors, IReadOnlyList<long> slotBytes, int pageTokens)
        => Rank(shape, scores, floors, slotBytes, pageTokens, withRanks: false).Histogram;

    /// <summary>As <see cref="Of"/>; where asked for, with where the kept slots end at each number of pages (null: no usable scores).</summary>
    internal static (ScoreHistogram Histogram, PageRanks? Ranks) Rank(
        CacheShape shape, AttentionScores? scores, SessionFloors floors, IReadOnlyList<long> slotBytes, int pageTokens, bool withRanks)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(floors);
        ArgumentNullException.ThrowIfNull(slotBytes);
        floors.Validate();
        if (slotBytes.Count != shape.Layers)
        {
            throw new ArgumentException($"{slotBytes.Count} slot sizes for {shape.Layers} layers", nameof(slotBytes));
        }

        ScoreFault? fault = scores is null ? ScoreFault.Absent : Fault(scores);
        if (fault is not null)
        {
            return (Unscored(shape, floors, slotBytes, pageTokens, fault), null);
        }

        scores!.CheckFits(shape, nameof(scores));
        if (scores.Heads != shape.KvHeads)
        {
            throw new ArgumentException($"scores of {scores.Heads} heads for {shape.KvHeads} KV heads", nameof(scores));
        }

        AttentionScores raised = scores.Copy();
        int[] guarded = ProtectedSlots.Raise(raised, shape, floors.Sinks, floors.Recents);
        AttentionScores sorted = DescendingSort.Rows(raised);
        ScoreHistogram histogram = ScoreHistogram.Of(
            shape.IsEvenInLayers()
                ? LayerRows(shape, scores, sorted, guarded, floors, slotBytes)
                : HeadRows(shape, scores, sorted, guarded, floors, slotBytes),
            pageTokens);
        return (histogram, withRanks ? PageRanks.Of(scores, sorted, guarded, pageTokens) : null);
    }

    /// <summary>Rows of a cache's histogram.</summary>
    internal static int Rows(CacheShape shape) => shape.IsEvenInLayers() ? shape.Layers : shape.Layers * shape.KvHeads;

    private static HistogramRow[] LayerRows(
        CacheShape shape, AttentionScores scores, AttentionScores sorted, int[] guarded, SessionFloors floors, IReadOnlyList<long> slotBytes)
    {
        float[][] composites = CompositeScores.OfSorted(sorted);
        HistogramRow[] rows = new HistogramRow[shape.Layers];
        for (int layer = 0; layer < rows.Length; layer++)
        {
            double mass = 0;
            int protectedSlots = 0;
            for (int head = 0; head < shape.KvHeads; head++)
            {
                mass += TensorPrimitives.Sum<float>(scores.Row(layer, head));
                protectedSlots = Math.Max(protectedSlots, guarded[(layer * shape.KvHeads) + head]);
            }

            rows[layer] = Row(composites[layer], mass / shape.KvHeads, protectedSlots, floors.Least(shape), slotBytes[layer] * shape.KvHeads);
        }

        return rows;
    }

    private static HistogramRow[] HeadRows(
        CacheShape shape, AttentionScores scores, AttentionScores sorted, int[] guarded, SessionFloors floors, IReadOnlyList<long> slotBytes)
    {
        HistogramRow[] rows = new HistogramRow[guarded.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            int layer = i / shape.KvHeads;
            double mass = TensorPrimitives.Sum<float>(scores.Row(layer, i % shape.KvHeads));
            rows[i] = Row(sorted.RowMemory(layer, i % shape.KvHeads), mass, guarded[i], floors.Least(shape), slotBytes[layer]);
        }

        return rows;
    }

    // The protected entries' true mass is what the row's total has beyond the others.
    private static HistogramRow Row(ReadOnlyMemory<float> ranked, double mass, int protectedSlots, int least, long entryBytes)
    {
        int floor = Math.Min(Math.Max(protectedSlots, least), ranked.Length);
        double beyond = TensorPrimitives.Sum(ranked.Span[floor..]);
        return new HistogramRow(ranked, entryBytes, floor, Math.Max(0, mass - beyond));
    }

    private static ScoreHistogram Unscored(
        CacheShape shape, SessionFloors floors, IReadOnlyList<long> slotBytes, int pageTokens, ScoreFault fault)
    {
        int rows = Rows(shape);
        int perLayer = rows / shape.Layers;
        int[] lengths = new int[rows];
        int[] least = new int[rows];
        long[] bytes = new long[rows];
        for (int row = 0; row < rows; row++)
        {
            int layer = row / perLayer;
            bytes[row] = slotBytes[layer] * (shape.KvHeads / perLayer);
            for (int head = row % perLayer; head < shape.KvHeads; head += perLayer)
            {
                int slots = shape.Slots(layer, head);
                int recent = shape.SlotsBefore(layer, head, Math.Max(floors.Sinks, shape.LogicalLength - floors.Recents));
                lengths[row] = slots;
                least[row] = Math.Max(least[row], shape.SlotsBefore(layer, head, floors.Sinks) + slots - recent);
            }

            least[row] = Math.Max(least[row], floors.Least(shape));
        }

        return ScoreHistogram.Unscored(lengths, bytes, least, pageTokens, fault);
    }

    /// <summary>The first score that is not finite, or null.</summary>
    internal static ScoreFault? Fault(AttentionScores scores) => ScoreOperations.FirstNotFinite(scores) is var (layer, head, slot)
        ? new ScoreFault((layer * scores.Heads) + head, slot, scores.Row(layer, head)[slot])
        : null;
}
