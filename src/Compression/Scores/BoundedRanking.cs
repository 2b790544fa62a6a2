using System.Runtime.CompilerServices;

namespace KVCluster.Compression.Scores;

/// <summary>
/// The best of many by weight times a factor that is dear to compute and cheap to bound: factors are computed, the best bounds first, until
/// no bound left reaches the worst that is wanted. What comes out is what computing all of them gives.
/// </summary>
internal static class BoundedRanking
{
    /// <summary>Computes the factors, none negative, of entries, ascending indices.</summary>
    public delegate void Compute(ReadOnlySpan<int> entries, Span<float> factors);

    /// <summary>
    /// Replaces weights by weight x factor wherever that may be among the <paramref name="wanted"/> largest, by -infinity elsewhere. Weights
    /// stay what they are where no more than are wanted are candidates.
    /// </summary>
    /// <param name="values">The weights; -infinity: no candidate.</param>
    /// <param name="bounds">Numbers no less than the factors.</param>
    /// <param name="wanted">How many are looked for, at least 1.</param>
    /// <param name="compute">The factors of some entries.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Evaluate(Span<float> values, ReadOnlySpan<float> bounds, int wanted, Compute compute)
    {
        float[] upper = new float[values.Length];
        int candidates = 0;
        for (int i = 0; i < upper.Length; i++)
        {
            candidates += values[i] > float.NegativeInfinity ? 1 : 0;

            // A negative weight is worth most at a factor of nothing.
            upper[i] = values[i] > float.NegativeInfinity ? Math.Max(0, values[i]) * bounds[i] : float.NegativeInfinity;
        }

        if (candidates <= wanted)
        {
            return;
        }

        // A few more than are wanted, so that the worst of the wanted is near what it will be.
        int first = Math.Min(candidates, wanted + (wanted / 8) + 16);
        float least = first == candidates ? float.MinValue : RankSelection.At(upper, first).Lowest;
        float[] computed = new float[values.Length];
        Array.Fill(computed, float.NegativeInfinity);
        Fill(values, upper, least, float.PositiveInfinity, compute, computed);
        if (first < candidates)
        {
            float worst = RankSelection.At(computed, wanted).Lowest;
            if (worst < least)
            {
                Fill(values, upper, worst, least, compute, computed);
            }
        }

        computed.CopyTo(values);
    }

    /// <summary>Computes the entries whose bounds lie from <paramref name="least"/> to below <paramref name="below"/>, which may be infinity.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fill(
        ReadOnlySpan<float> weights, ReadOnlySpan<float> upper, float least, float below, Compute compute, Span<float> computed)
    {
        int[] entries = new int[upper.Length];
        int count = 0;
        for (int i = 0; i < upper.Length; i++)
        {
            if (upper[i] >= least && (upper[i] < below || float.IsPositiveInfinity(below)))
            {
                entries[count++] = i;
            }
        }

        float[] factors = new float[count];
        compute(entries.AsSpan(0, count), factors);
        for (int i = 0; i < count; i++)
        {
            computed[entries[i]] = weights[entries[i]] * factors[i];
        }
    }
}
