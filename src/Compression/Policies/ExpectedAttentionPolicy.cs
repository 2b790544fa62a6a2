using System.Numerics.Tensors;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>
/// ExpectedAttention (kvpress; arXiv 2510.00636): queries to come are taken as normally distributed like those of the context; a key's
/// expected exponential logit is exp(mu.k / sqrt d + k'Ck / 2d), softmaxed over the keys, mean over the group, times ||v||. Sinks stay.
/// </summary>
public sealed class ExpectedAttentionPolicy(ExpectedAttentionParameters? parameters = null)
    : ScoredPolicy<ExpectedAttentionParameters>(parameters)
{
    internal const string PolicyName = "expected-attention";

    /// <inheritdoc/>
    public override string Name => PolicyName;

    /// <inheritdoc/>
    public override ScoreRequest Request => new()
    {
        QueryStatistics = new QueryStatisticsRequest(Settings.Sinks, Settings.FuturePositions, Settings.Covariance),
        Vectors = true,
        ValueNorms = Settings.ValueNorm,
    };

    /// <inheritdoc/>
    protected override int Sinks => Settings.Sinks;

    /// <inheritdoc/>
    public override AttentionScores Score(PolicyInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        QueryStatistics statistics = input.RequireQueryStatistics();
        int group = statistics.QueryHeads / input.Shape.KvHeads;
        return VectorScores.Make(input, keys: true, values: false, (layer, head, keys, _, scores) =>
        {
            int sinks = input.Shape.SlotsBefore(layer, head, Settings.Sinks);
            Span<float> expected = scores[sinks..];
            if (expected.IsEmpty)
            {
                return;
            }

            TransposedKeys transposed = new(keys[(sinks * statistics.HeadSize)..], statistics.HeadSize);
            float[] logits = new float[expected.Length];
            for (int g = 0; g < group; g++)
            {
                Logits(statistics, layer, (head * group) + g, transposed, logits);
                StableSoftmax.InPlace(logits);
                TensorPrimitives.Add(expected, logits, expected);
            }

            TensorPrimitives.Divide(expected, (float)group, expected);
            if (Settings.ValueNorm)
            {
                TensorPrimitives.Add(expected, (float)Settings.Epsilon, expected);
                TensorPrimitives.Multiply(expected, input.RequireValueNorms().Row(layer, head)[sinks..], expected);
            }
        });
    }

    private static void Logits(QueryStatistics statistics, int layer, int head, TransposedKeys keys, Span<float> logits)
    {
        float[] mean = statistics.Mean(layer, head).ToArray();
        float[] covariance = statistics.Covariance(layer, head).ToArray();
        TensorPrimitives.Divide(mean, MathF.Sqrt(statistics.HeadSize), mean);
        TensorPrimitives.Divide(covariance, 2f * statistics.HeadSize, covariance);
        keys.Evaluate(mean, covariance, logits);
    }
}
