using System.Numerics.Tensors;

namespace KVCluster.Compression.Policies;

/// <summary>
/// CurDKV (arXiv 2509.15038): leverage scores of a CUR decomposition, approximated by squared norms that are normalised in local windows;
/// by default the product of the key's and the value's. Sinks stay.
/// </summary>
public sealed class CurPolicy(CurParameters? parameters = null) : ScoredPolicy<CurParameters>(parameters)
{
    internal const string PolicyName = "cur";

    /// <inheritdoc/>
    public override string Name => PolicyName;

    /// <inheritdoc/>
    public override ScoreRequest Request => new() { Vectors = true };

    /// <inheritdoc/>
    protected override int Sinks => Settings.Sinks;

    private bool UsesKeys => Settings.Leverage != CurLeverage.Value;

    private bool UsesValues => Settings.Leverage != CurLeverage.Key;

    /// <inheritdoc/>
    public override AttentionScores Score(PolicyInput input) => VectorScores.Make(input, UsesKeys, UsesValues, (_, _, keys, values, scores) =>
    {
        int size = input.RequireVectors().HeadSize;
        float[] other = new float[scores.Length];
        Leverage(UsesKeys ? keys : values, size, scores);
        if (UsesKeys && UsesValues)
        {
            Leverage(values, size, other);
            if (Settings.Leverage == CurLeverage.KvProduct)
            {
                TensorPrimitives.Multiply(scores, other, scores);
            }
            else
            {
                TensorPrimitives.Add(scores, other, scores);
            }
        }

        Normalize(scores);
    });

    private void Leverage(ReadOnlySpan<float> rows, int size, Span<float> leverage)
    {
        for (int slot = 0; slot < leverage.Length; slot++)
        {
            leverage[slot] = TensorPrimitives.SumOfSquares(rows.Slice(slot * size, size));
        }

        int window = Settings.LocalWindow == 0 ? Math.Max(1, leverage.Length) : Settings.LocalWindow;
        for (int first = 0; first < leverage.Length; first += window)
        {
            Normalize(leverage.Slice(first, Math.Min(window, leverage.Length - first)));
        }
    }

    private static void Normalize(Span<float> values)
    {
        float sum = TensorPrimitives.Sum<float>(values);
        if (sum != 0)
        {
            TensorPrimitives.Divide(values, sum, values);
        }
    }
}
