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

            float[] logits = new float[expected.Length];
            for (int g = 0; g < group; g++)
            {
                Logits(statistics, layer, (head * group) + g, keys[(sinks * statistics.HeadSize)..], logits);
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

    private static void Logits(QueryStatistics statistics, int layer, int head, ReadOnlySpan<float> keys, Span<float> logits)
    {
        int size = statistics.HeadSize;
        ReadOnlySpan<float> mean = statistics.Mean(layer, head);
        ReadOnlySpan<float> covariance = statistics.Covariance(layer, head);
        Span<float> product = new float[size];
        for (int slot = 0; slot < logits.Length; slot++)
        {
            ReadOnlySpan<float> key = keys.Slice(slot * size, size);
            logits[slot] = TensorPrimitives.Dot(key, mean) / MathF.Sqrt(size);
            if (!covariance.IsEmpty)
            {
                for (int i = 0; i < size; i++)
                {
                    product[i] = TensorPrimitives.Dot(covariance.Slice(i * size, size), key);
                }

                logits[slot] += TensorPrimitives.Dot(key, product) / (2 * size);
            }
        }
    }
}
