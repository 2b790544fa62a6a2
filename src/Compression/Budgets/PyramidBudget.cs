namespace KVCluster.Compression.Budgets;

/// <summary>
/// PyramidKV's budgets (arXiv 2406.02069): from max tokens in the first layer down to min in the last, M = N(1 - r) on average, min = M/beta,
/// max = 2M - min; at most N - window in the first; all layers alike where the last would not hold its window.
/// </summary>
public static class PyramidBudget
{
    /// <summary>
    /// Tokens a head of each layer, [layers]. Rounding may take it a few tokens above the budget, which the largest layers then give back.
    /// </summary>
    public static int[] Counts(CacheShape shape, RetentionBudget budget, int window, int beta)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(beta);
        long heads = (long)shape.Layers * shape.KvHeads;
        long slots = budget.Slots(shape);
        double tokens = shape.IsUniform() ? shape.Slots(0, 0) : (double)shape.TotalSlots / heads;
        double mean = budget is { Ratio: { } ratio, Basis: RatioBasis.Present } ? tokens * (1 - ratio) : (double)slots / heads;
        double least = mean / beta;
        double most = (2 * mean) - least;
        if (most >= tokens - window)
        {
            most = tokens - window;
            least = (2 * mean) - most;
        }

        bool pyramid = tokens >= most && most >= least && least >= window;
        double step = shape.Layers > 1 ? (most - least) / (shape.Layers - 1) : 0;
        int[] counts = new int[shape.Layers];
        for (int layer = 0; layer < counts.Length; layer++)
        {
            counts[layer] = (int)Math.Round(pyramid ? most - (layer * step) : mean, MidpointRounding.ToEven);
        }

        LayerFit.Reduce(counts, shape, slots);
        return counts;
    }
}
