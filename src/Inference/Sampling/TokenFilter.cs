using System.Numerics;

namespace KVCluster.Inference.Sampling;

/// <summary>
/// Top-k, top-p and min-p over one step's distribution. In the ranking of <see cref="LogitRanking"/> each of them keeps a prefix, so
/// together they keep a prefix too.
/// </summary>
internal static class TokenFilter
{
    /// <summary>Whether the options leave any token out of a vocabulary of this size.</summary>
    public static bool Applies(SamplingOptions options, int vocabularySize) =>
        HasTopK(options, vocabularySize) || options.TopP < 1 || options.MinP > 0;

    /// <summary>How many keys <see cref="Keep"/> needs room for.</summary>
    public static int Capacity(SamplingOptions options, int vocabularySize) =>
        HasTopK(options, vocabularySize) ? options.TopK : vocabularySize;

    /// <summary>
    /// Writes the <see cref="LogitRanking"/> keys of the tokens kept and returns their number, at least one.
    /// </summary>
    /// <param name="logits">[V], penalised; they alone decide the ranking.</param>
    /// <param name="weights">[V]: exp((logit - largest) / temperature), so the largest is 1.</param>
    /// <param name="options">Which filters apply, and how strictly.</param>
    /// <param name="keys">Room for <see cref="Capacity"/> keys.</param>
    public static int Keep(ReadOnlySpan<float> logits, ReadOnlySpan<float> weights, SamplingOptions options, Span<ulong> keys)
    {
        if (!HasTopK(options, logits.Length))
        {
            return KeepProbable(logits, weights, options, keys);
        }

        keys = keys[..options.TopK];
        LogitRanking.SelectTop(logits, keys);
        int count = TopP(keys, weights, options.TopP, WeightSum.Of(keys, weights));
        return MinP(keys[..count], weights, options.MinP);
    }

    private static bool HasTopK(SamplingOptions options, int vocabularySize) => options.TopK > 0 && options.TopK < vocabularySize;

    private static int KeepProbable(ReadOnlySpan<float> logits, ReadOnlySpan<float> weights, SamplingOptions options, Span<ulong> keys)
    {
        if (options.TopP >= 1)
        {
            return Gather(logits, weights, options.MinP, keys);
        }

        // All tokens below (1 - p) / V of the mass have less than 1 - p of it together, so top-p never reaches them. The margin covers the
        // rounding of the sum.
        double total = WeightSum.Of(weights);
        double beyondTopP = (1.0 - options.TopP) * total / weights.Length * 0.999;
        int count = Gather(logits, weights, (float)Math.Max(beyondTopP, options.MinP), keys);
        count = Narrow(keys[..count], weights, options.TopP * total);
        keys[..count].Sort();
        count = TopP(keys[..count], weights, options.TopP, total);
        return MinP(keys[..count], weights, options.MinP);
    }

    /// <summary>Keys, in order of id, of the tokens with at least this weight.</summary>
    private static int Gather(ReadOnlySpan<float> logits, ReadOnlySpan<float> weights, float least, Span<ulong> keys)
    {
        int count = 0;
        int i = 0;
        while (i < weights.Length)
        {
            int end = Math.Min(i + Vector<float>.Count, weights.Length);
            if (end - i == Vector<float>.Count && Vector.LessThanAll(new Vector<float>(weights[i..]), new Vector<float>(least)))
            {
                i = end;
                continue;
            }

            for (; i < end; i++)
            {
                if (weights[i] >= least)
                {
                    keys[count++] = LogitRanking.Key(logits[i], i);
                }
            }
        }

        return count;
    }

    /// <summary>
    /// Moves to the front the tokens in the heaviest binades (weights of one exponent) that together reach the target, and returns their
    /// number: these alone need sorting.
    /// </summary>
    private static int Narrow(Span<ulong> keys, ReadOnlySpan<float> weights, double target)
    {
        Span<double> binades = stackalloc double[256];
        binades.Clear();
        foreach (ulong key in keys)
        {
            float weight = weights[LogitRanking.Token(key)];
            binades[Binade(weight)] += weight;
        }

        int last = binades.Length - 1;
        for (double reached = binades[last]; reached < target && last > 0; reached += binades[last])
        {
            last--;
        }

        int count = 0;
        foreach (ulong key in keys)
        {
            if (Binade(weights[LogitRanking.Token(key)]) >= last)
            {
                keys[count++] = key;
            }
        }

        return count;
    }

    private static int Binade(float weight) => (int)(BitConverter.SingleToUInt32Bits(weight) >> 23);

    /// <summary>Length of the shortest prefix with p of the total weight; all where rounding leaves it out of reach.</summary>
    private static int TopP(ReadOnlySpan<ulong> ranked, ReadOnlySpan<float> weights, double p, double total)
    {
        if (p >= 1)
        {
            return ranked.Length;
        }

        double reached = 0;
        for (int i = 0; i < ranked.Length; i++)
        {
            reached += weights[LogitRanking.Token(ranked[i])];
            if (reached >= p * total)
            {
                return i + 1;
            }
        }

        return ranked.Length;
    }

    private static int MinP(ReadOnlySpan<ulong> ranked, ReadOnlySpan<float> weights, float minP)
    {
        int count = ranked.Length;
        while (count > 1 && weights[LogitRanking.Token(ranked[count - 1])] < minP)
        {
            count--;
        }

        return count;
    }
}
