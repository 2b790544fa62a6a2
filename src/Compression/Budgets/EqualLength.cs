namespace KVCluster.Compression.Budgets;

/// <summary>The plain budget of most policies: every head as long as every other.</summary>
public static class EqualLength
{
    /// <summary>
    /// The largest n for which all heads, each keeping min(n, what it has), fit the budget. For a cache whose heads are equally long a
    /// ratio is applied to one head's length, as the references do.
    /// </summary>
    public static int Of(CacheShape shape, RetentionBudget budget)
    {
        ArgumentNullException.ThrowIfNull(shape);
        long heads = (long)shape.Layers * shape.KvHeads;
        long slots = budget.Slots(shape, shape.IsUniform() ? heads : 1);
        int low = 0;
        int high = shape.LogicalLength;
        while (low < high)
        {
            int middle = low + ((high - low + 1) >> 1);
            (low, high) = Cost(shape, middle) <= slots ? (middle, high) : (low, middle - 1);
        }

        return low;
    }

    private static long Cost(CacheShape shape, int length)
    {
        long cost = 0;
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            for (int head = 0; head < shape.KvHeads; head++)
            {
                cost += Math.Min(length, shape.Slots(layer, head));
            }
        }

        return cost;
    }
}
