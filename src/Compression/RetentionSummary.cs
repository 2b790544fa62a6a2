namespace KVCluster.Compression;

/// <summary>What a plan keeps and drops, told in numbers: recorded and charted for every compression.</summary>
public sealed class RetentionSummary
{
    private readonly int[] _kept;
    private readonly double[]? _droppedMass;

    private RetentionSummary(int layers, int kvHeads, int[] kept, double[]? droppedMass)
    {
        Layers = layers;
        KvHeads = kvHeads;
        _kept = kept;
        _droppedMass = droppedMass;
    }

    /// <summary>Layers, L.</summary>
    public int Layers { get; }

    /// <summary>KV heads a layer, Hkv.</summary>
    public int KvHeads { get; }

    /// <summary>Slots kept over all layers and heads.</summary>
    public long TotalKept { get; private init; }

    /// <summary>Slots present before.</summary>
    public long TotalPresent { get; private init; }

    /// <summary>The share of all summed scores that is dropped, in [0, 1]; null where no scores were given.</summary>
    public double? DroppedMass { get; private init; }

    /// <summary>The share of each layer's summed scores that is dropped, [layers]; empty where no scores were given.</summary>
    public ReadOnlySpan<double> DroppedMassPerLayer => _droppedMass;

    /// <summary>Slots one head keeps.</summary>
    public int Kept(int layer, int head) => _kept[(layer * KvHeads) + head];

    /// <summary>Slots a layer keeps, summed over its KV heads.</summary>
    public int KeptInLayer(int layer)
    {
        int sum = 0;
        for (int head = 0; head < KvHeads; head++)
        {
            sum += Kept(layer, head);
        }

        return sum;
    }

    /// <summary>
    /// Sums a plan up. <paramref name="scores"/> are non-negative attention received, with rows of KV heads or of query heads (several in a
    /// row share a KV head); a layer that received nothing drops nothing. Throws ArgumentException where the three do not fit together.
    /// </summary>
    public static RetentionSummary Of(RetentionPlan plan, CacheShape shape, AttentionScores? scores = null)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(shape);
        CheckFit(plan, shape, scores);
        int[] kept = new int[plan.Layers * plan.KvHeads];
        double[]? dropped = scores is null ? null : new double[plan.Layers];
        double allKept = 0;
        double all = 0;
        for (int layer = 0; layer < plan.Layers; layer++)
        {
            for (int head = 0; head < plan.KvHeads; head++)
            {
                kept[(layer * plan.KvHeads) + head] = plan.Kept(layer, head).Length;
            }

            if (scores is not null)
            {
                (double layerKept, double layerAll) = Mass(plan, scores, layer);
                dropped![layer] = Share(layerKept, layerAll);
                allKept += layerKept;
                all += layerAll;
            }
        }

        return new RetentionSummary(plan.Layers, plan.KvHeads, kept, dropped)
        {
            TotalKept = plan.TotalKept,
            TotalPresent = shape.TotalSlots,
            DroppedMass = scores is null ? null : Share(allKept, all),
        };
    }

    /// <summary>
    /// A summary from its numbers, as they were stored. Throws ArgumentException where they do not fit together.
    /// </summary>
    /// <param name="layers">Layers, L.</param>
    /// <param name="kept">Slots kept, [layers, kvHeads].</param>
    /// <param name="present">Slots present before.</param>
    /// <param name="droppedMass">The share dropped; null where there were no scores.</param>
    /// <param name="droppedMassPerLayer">Each layer's, [layers]; null where there were no scores.</param>
    public static RetentionSummary FromCounts(
        int layers, ReadOnlySpan<int> kept, long present, double? droppedMass, ReadOnlySpan<double> droppedMassPerLayer)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(layers);
        if (kept.IsEmpty || kept.Length % layers != 0 || (droppedMass is not null && droppedMassPerLayer.Length != layers))
        {
            throw new ArgumentException($"{kept.Length} heads and {droppedMassPerLayer.Length} masses do not fit {layers} layers", nameof(kept));
        }

        long total = 0;
        foreach (int slots in kept)
        {
            total += slots;
        }

        double[]? masses = droppedMass is null ? null : droppedMassPerLayer.ToArray();
        return new RetentionSummary(layers, kept.Length / layers, kept.ToArray(), masses)
        {
            TotalKept = total,
            TotalPresent = present,
            DroppedMass = droppedMass,
        };
    }

    private static double Share(double kept, double all) => all > 0 ? Math.Clamp(1 - (kept / all), 0, 1) : 0;

    private static (double Kept, double All) Mass(RetentionPlan plan, AttentionScores scores, int layer)
    {
        int group = scores.Heads / plan.KvHeads;
        double kept = 0;
        double all = 0;
        for (int head = 0; head < scores.Heads; head++)
        {
            ReadOnlySpan<float> row = scores.Row(layer, head);
            foreach (float value in row)
            {
                all += value;
            }

            foreach (int slot in plan.Kept(layer, head / group))
            {
                kept += row[slot];
            }
        }

        return (kept, all);
    }

    private static void CheckFit(RetentionPlan plan, CacheShape shape, AttentionScores? scores)
    {
        if (plan.Layers != shape.Layers || plan.KvHeads != shape.KvHeads)
        {
            throw new ArgumentException("plan and cache have different layers or heads", nameof(plan));
        }

        if (scores is not null)
        {
            scores.CheckFits(shape, nameof(scores));
        }

        for (int layer = 0; layer < plan.Layers; layer++)
        {
            for (int head = 0; head < plan.KvHeads; head++)
            {
                ReadOnlySpan<int> kept = plan.Kept(layer, head);
                if (kept.Length > 0 && kept[^1] >= shape.Slots(layer, head))
                {
                    throw new ArgumentException(
                        $"layer {layer}, KV head {head} keeps slot {kept[^1]} of {shape.Slots(layer, head)}", nameof(plan));
                }
            }
        }
    }
}
