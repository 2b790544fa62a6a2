using KVCluster.Compression.Budgets;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>
/// CompressKV (arXiv 2508.02401): only the calibrated semantic retrieval heads of a layer are asked what the last queries look at, and every
/// KV head of the layer keeps the same tokens; layers that compression hurts more get more of the budget.
/// </summary>
public sealed class CompressKvPolicy(CompressKvParameters? parameters = null) : ScoredPolicy<CompressKvParameters>(parameters)
{
    internal const string PolicyName = "compresskv";

    /// <inheritdoc/>
    public override string Name => PolicyName;

    /// <inheritdoc/>
    public override ScoreRequest Request => new()
    {
        Attention = new AttentionRequest(AttentionSource.Window, QueryAggregation.Mean) { Window = Settings.Window },
        Calibration = true,
    };

    /// <inheritdoc/>
    protected override int Recents => Settings.Window;

    /// <inheritdoc/>
    public override AttentionScores Score(PolicyInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        CacheShape shape = input.Shape;
        AttentionScores attention = input.RequireAttention().Copy();
        ScoreOperations.CheckFinite(attention);
        int[][] chosen = RetrievalHeads(input.RequireCalibration(), attention);
        WindowScores.DropWindow(attention, shape, Settings.Window);
        AttentionScores scores = Empty(shape);
        float[] mean = new float[shape.LogicalLength];
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            Array.Clear(mean);
            foreach (int head in chosen[layer])
            {
                AddPooled(attention, shape, layer, head, (float)Settings.Window / chosen[layer].Length, mean);
            }

            for (int head = 0; head < shape.KvHeads; head++)
            {
                Span<float> row = scores.Row(layer, head);
                for (int slot = 0; slot < row.Length; slot++)
                {
                    row[slot] = mean[shape.Position(layer, head, slot)];
                }
            }
        }

        return scores;
    }

    /// <inheritdoc/>
    public override RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        AttentionScores ranked = Rank(input);
        int share = HeadPlan.Share(input.Shape, budget, Settings.MinimumPerHead);
        int[] counts = Settings.LayerBudgets && input.Calibration!.LayerErrors is { } errors
            ? LayerCounts.ByError(input.Shape, errors, share, Settings.LayerMinimum, Settings.LayerMaximum)
            : [.. Enumerable.Repeat(share, input.Shape.Layers)];
        return HeadPlan.Of(ranked, (layer, _) => counts[layer]);
    }

    // The window's own slots take no part in the pooling.
    private void AddPooled(AttentionScores attention, CacheShape shape, int layer, int head, float weight, float[] mean)
    {
        int kvHead = head / (attention.Heads / shape.KvHeads);
        int slots = shape.SlotsBefore(layer, kvHead, Math.Max(0, shape.LogicalLength - Settings.Window));
        Span<float> row = attention.Row(layer, head)[..slots];
        WindowScores.Pool(row, Settings.Kernel);
        for (int slot = 0; slot < slots; slot++)
        {
            mean[shape.Position(layer, kvHead, slot)] += row[slot] * weight;
        }
    }

    private static AttentionScores Empty(CacheShape shape)
    {
        float[][] rows = new float[shape.Layers * shape.KvHeads][];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = new float[shape.Slots(i / shape.KvHeads, i % shape.KvHeads)];
        }

        return new AttentionScores(shape.Layers, shape.KvHeads, rows);
    }

    private static int[][] RetrievalHeads(HeadCalibration calibration, AttentionScores attention)
    {
        int[][] heads = calibration.SemanticRetrievalHeads
            ?? throw new PolicyException("the calibration of this model lacks the semantic retrieval heads");
        bool fits = heads.Length == attention.Layers
            && heads.All(layer => layer.Length > 0 && layer.All(h => h >= 0 && h < attention.Heads) && layer.Distinct().Count() == layer.Length);
        return fits
            ? heads
            : throw new PolicyException(
                $"the calibration's semantic retrieval heads do not fit {attention.Layers} layers of {attention.Heads} query heads");
    }
}
