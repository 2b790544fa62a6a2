using System.Numerics.Tensors;

namespace KVCluster.Inference.Sampling;

/// <summary>
/// Picks a token with probability proportional to its weight, given a number in [0, 1). A token without weight is never picked.
/// </summary>
internal static class TokenDraw
{
    /// <summary>From the tokens with these <see cref="LogitRanking"/> keys, laid end to end in the order given.</summary>
    public static int From(ReadOnlySpan<ulong> keys, ReadOnlySpan<float> weights, double uniform)
    {
        double target = uniform * WeightSum.Of(keys, weights);
        double reached = 0;
        int picked = LogitRanking.Token(keys[0]);
        foreach (ulong key in keys)
        {
            int token = LogitRanking.Token(key);
            if (weights[token] > 0)
            {
                picked = token;
                reached += weights[token];
                if (reached > target)
                {
                    break;
                }
            }
        }

        return picked;
    }

    /// <summary>From all tokens, laid end to end by id. Whole blocks before the target are passed over by their sum.</summary>
    public static int FromAll(ReadOnlySpan<float> weights, double uniform)
    {
        double target = uniform * WeightSum.Of(weights);
        double reached = 0;
        int picked = 0;
        for (int start = 0; start < weights.Length; start += WeightSum.Block)
        {
            ReadOnlySpan<float> block = weights[start..Math.Min(start + WeightSum.Block, weights.Length)];
            double sum = TensorPrimitives.Sum(block);
            if (sum > 0)
            {
                picked = start + Within(block, target - reached);
                reached += sum;
                if (reached > target)
                {
                    break;
                }
            }
        }

        return picked;
    }

    private static int Within(ReadOnlySpan<float> weights, double target)
    {
        double reached = 0;
        int picked = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            if (weights[i] > 0)
            {
                picked = i;
                reached += weights[i];
                if (reached > target)
                {
                    break;
                }
            }
        }

        return picked;
    }
}
