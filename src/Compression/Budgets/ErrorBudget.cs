using System.Numerics.Tensors;

namespace KVCluster.Compression.Budgets;

/// <summary>CompressKV's layer budgets (arXiv 2508.02401): layers that compression hurts more get more.</summary>
public static class ErrorBudget
{
    /// <summary>
    /// Tokens of each layer, [layers]: min + round-half-even(score * (total - layers * min)), clipped to [min, max], then repaired one by
    /// one in turns until the sum is the total: layers of high score are raised first, layers of low score lowered first. Less than the
    /// total only where every layer is at its maximum.
    /// </summary>
    public static int[] Counts(IReadOnlyList<double> layerScores, long total, int min, int max)
    {
        ArgumentNullException.ThrowIfNull(layerScores);
        ArgumentOutOfRangeException.ThrowIfNegative(min);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, min);
        ArgumentOutOfRangeException.ThrowIfLessThan(total, (long)layerScores.Count * min);
        long shared = total - ((long)layerScores.Count * min);
        int[] counts = new int[layerScores.Count];
        long left = total;
        for (int layer = 0; layer < counts.Length; layer++)
        {
            double extra = Math.Round(layerScores[layer] * shared, MidpointRounding.ToEven);
            counts[layer] = (int)Math.Clamp(min + extra, min, max);
            left -= counts[layer];
        }

        int[] order = [.. Enumerable.Range(0, counts.Length).OrderByDescending(l => layerScores[l])];
        if (left < 0)
        {
            Array.Reverse(order);
        }

        Repair(counts, order, left, min, max);
        return counts;
    }

    /// <summary>
    /// Layer scores from reconstruction errors, [sets][layers] sums over samples and steps: each set is L1-normalised, then their mean is.
    /// </summary>
    public static double[] LayerScores(IReadOnlyList<double[]> errorsOfSets)
    {
        ArgumentNullException.ThrowIfNull(errorsOfSets);
        double[] scores = new double[errorsOfSets[0].Length];
        foreach (double[] errors in errorsOfSets)
        {
            TensorPrimitives.Add<double>(scores, Normalize(errors), scores);
        }

        return Normalize(scores);
    }

    /// <summary>Values over their sum; all alike where the sum is 0.</summary>
    public static double[] Normalize(ReadOnlySpan<double> values)
    {
        double sum = TensorPrimitives.SumOfMagnitudes(values);
        double[] normalized = new double[values.Length];
        if (sum == 0)
        {
            Array.Fill(normalized, 1.0 / normalized.Length);
            return normalized;
        }

        TensorPrimitives.Divide(values, sum, normalized);
        return normalized;
    }

    private static void Repair(int[] counts, int[] order, long left, int min, int max)
    {
        int step = Math.Sign(left);
        bool moved = true;
        while (left != 0 && moved)
        {
            moved = false;
            foreach (int layer in order)
            {
                int next = counts[layer] + step;
                if (left != 0 && next >= min && next <= max)
                {
                    counts[layer] = next;
                    left -= step;
                    moved = true;
                }
            }
        }
    }
}
