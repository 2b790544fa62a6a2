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

            QuadraticForm[] forms = new QuadraticForm[group];
            float[][] logits = new float[group][];
            for (int g = 0; g < group; g++)
            {
                forms[g] = Form(statistics, layer, (head * group) + g);
                logits[g] = new float[expected.Length];
            }

            QuadraticForm.Evaluate(keys[(sinks * statistics.HeadSize)..], forms, logits);
            foreach (float[] row in logits)
            {
                StableSoftmax.InPlace(row);
                TensorPrimitives.Add(expected, row, expected);
            }

            TensorPrimitives.Divide(expected, (float)group, expected);
            if (Settings.ValueNorm)
            {
                TensorPrimitives.Add(expected, (float)Settings.Epsilon, expected);
                TensorPrimitives.Multiply(expected, input.RequireValueNorms().Row(layer, head)[sinks..], expected);
            }
        });
    }

    /// <summary>A key's expected logit: mu.k / sqrt d + k'Ck / 2d.</summary>
    private static QuadraticForm Form(QueryStatistics statistics, int layer, int head)
    {
        float[] mean = statistics.Mean(layer, head).ToArray();
        float[] covariance = statistics.Covariance(layer, head).ToArray();
        TensorPrimitives.Divide(mean, MathF.Sqrt(statistics.HeadSize), mean);
        TensorPrimitives.Divide(covariance, 2f * statistics.HeadSize, covariance);
        return new QuadraticForm(mean, covariance);
    }
}
