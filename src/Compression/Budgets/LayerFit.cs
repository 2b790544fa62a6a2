namespace KVCluster.Compression.Budgets;

/// <summary>Brings layer budgets that were rounded, or planned for heads longer than they are, back within the whole budget.</summary>
internal static class LayerFit
{
    /// <summary>Takes from the largest layer, one token a head at a time, until all heads together keep no more than the slots.</summary>
    public static void Reduce(int[] counts, CacheShape shape, long slots)
    {
        while (Cost(counts, shape) > slots)
        {
            int largest = Array.IndexOf(counts, counts.Max());
            counts[largest]--;
        }
    }

    private static long Cost(int[] counts, CacheShape shape)
    {
        long cost = 0;
        for (int i = 0; i < shape.Layers * shape.KvHeads; i++)
        {
            cost += Math.Min(counts[i / shape.KvHeads], shape.Slots(i / shape.KvHeads, i % shape.KvHeads));
        }

        return cost;
    }
}
