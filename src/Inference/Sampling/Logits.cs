using System.Numerics.Tensors;

namespace KVCluster.Inference.Sampling;

/// <summary>Plain facts about one step's logits, [V].</summary>
internal static class Logits
{
    /// <summary>The first token with the largest logit.</summary>
    /// <exception cref="InputException">The logits hold NaN or positive infinity, or none is finite.</exception>
    public static int FirstMax(ReadOnlySpan<float> logits)
    {
        // The first NaN if there is one, else the first maximum, save that +0 counts as more than -0.
        int token = TensorPrimitives.IndexOfMax(logits);
        float max = logits[token];
        RequireUsable(max, token);
        return max == 0 ? logits.IndexOf(0f) : token;
    }

    /// <summary>
    /// Logarithm of the sum of exp(logit - max), max being the largest logit: a token's log-probability is logit - max less this. Adding
    /// max back would lose it where logits are large.
    /// </summary>
    public static double LogSumExpBelow(ReadOnlySpan<float> logits, float max)
    {
        const int Block = 1024;
        Span<float> terms = stackalloc float[Block];
        double sum = 0;
        for (int start = 0; start < logits.Length; start += Block)
        {
            ReadOnlySpan<float> block = logits[start..Math.Min(start + Block, logits.Length)];
            Span<float> target = terms[..block.Length];
            TensorPrimitives.Subtract(block, max, target);
            TensorPrimitives.Exp(target, target);
            sum += TensorPrimitives.Sum<float>(target);
        }

        return Math.Log(sum);
    }

    private static void RequireUsable(float max, int token)
    {
        if (!float.IsFinite(max))
        {
            string what = float.IsNegativeInfinity(max)
                ? "no logit is finite"
                : $"the logit of token {token} is {(float.IsNaN(max) ? "NaN" : "infinite")}";
            throw new InputException($"no token can be picked: {what}; the model's weights or its cache are damaged");
        }
    }
}
