using System.Numerics.Tensors;

namespace KVCluster.Inference.Sampling;

/// <summary>Sums of weights, in double precision over short runs of single precision.</summary>
internal static class WeightSum
{
    /// <summary>Weights added in single precision at a time.</summary>
    public const int Block = 1024;

    /// <summary>Sum of all weights.</summary>
    public static double Of(ReadOnlySpan<float> weights)
    {
        double sum = 0;
        for (int start = 0; start < weights.Length; start += Block)
        {
            sum += TensorPrimitives.Sum(weights[start..Math.Min(start + Block, weights.Length)]);
        }

        return sum;
    }

    /// <summary>Sum of the weights of the tokens with these <see cref="LogitRanking"/> keys.</summary>
    public static double Of(ReadOnlySpan<ulong> keys, ReadOnlySpan<float> weights)
    {
        double sum = 0;
        foreach (ulong key in keys)
        {
            sum += weights[LogitRanking.Token(key)];
        }

        return sum;
    }
}
