using KVCluster.Compression.Budgets;

namespace KVCluster.Compression.Policies;

/// <summary>
/// SimLayerKV (arXiv 2410.13846): lazy layers, whose last queries look mostly at the first and the recent tokens, keep only those; the
/// others keep all. Lazy are the layers above the threshold, and the laziest of the others as far as the budget demands.
/// </summary>
public sealed class SimLayerKvPolicy : ICompressionPolicy
{
    internal const string PolicyName = "simlayerkv";

    private readonly SimLayerKvParameters _parameters;

    /// <summary>The policy; throws <see cref="PolicyException"/> where a parameter is out of range.</summary>
    public SimLayerKvPolicy(SimLayerKvParameters? parameters = null)
    {
        _parameters = parameters ?? new SimLayerKvParameters();
        _parameters.Validate();
    }

    /// <inheritdoc/>
    public string Name => PolicyName;

    /// <inheritdoc/>
    public PolicyParameters Parameters => _parameters;

    /// <inheritdoc/>
    public ScoreRequest Request => new()
    {
        Attention = new AttentionRequest(AttentionSource.Window, QueryAggregation.Mean) { Window = _parameters.Last },
    };

    /// <summary>Laziness of each layer, [layers]: the share of attention on first and recent tokens, the newest left out.</summary>
    public double[] LazyScores(PolicyInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        AttentionScores attention = input.RequireAttention();
        Scores.ScoreOperations.CheckFinite(attention);
        CacheShape shape = input.Shape;
        int group = attention.Heads / shape.KvHeads;
        int end = Math.Max(0, shape.LogicalLength - _parameters.Last);
        double[] scores = new double[shape.Layers];
        for (int layer = 0; layer < scores.Length; layer++)
        {
            for (int head = 0; head < attention.Heads; head++)
            {
                ReadOnlySpan<float> row = attention.Row(layer, head);
                int first = shape.SlotsBefore(layer, head / group, Math.Min(end, _parameters.Initial));
                int recent = shape.SlotsBefore(layer, head / group, Math.Max(0, end - _parameters.Recent));
                int last = shape.SlotsBefore(layer, head / group, end);
                scores[layer] += Sum(row[..first]) + Sum(row[Math.Max(first, recent)..last]);
            }

            scores[layer] /= attention.Heads;
        }

        return scores;
    }

    /// <inheritdoc/>
    public RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        double[] laziness = LazyScores(input);
        CacheShape shape = input.Shape;
        int[] order = [.. Enumerable.Range(0, shape.Layers).OrderByDescending(l => laziness[l])];
        int lazy = _parameters.Threshold > 0 ? laziness.Count(l => l >= _parameters.Threshold) : 0;
        StreamingPlan plan = new(shape, _parameters.Initial, Math.Max(0, _parameters.Recent - _parameters.Last));
        bool[] streams = new bool[shape.Layers * shape.KvHeads];
        for (int i = 0; i < order.Length; i++)
        {
            if (i >= lazy && plan.Fits(streams, budget))
            {
                break;
            }

            streams.AsSpan(order[i] * shape.KvHeads, shape.KvHeads).Fill(true);
        }

        return plan.Make(streams, budget, _parameters.MinimumPerHead);
    }

    private static double Sum(ReadOnlySpan<float> values) => System.Numerics.Tensors.TensorPrimitives.Sum(values);
}
