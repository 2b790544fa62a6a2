using KVCluster.Compression.Budgets;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>Slots a head of each layer, by different rules.</summary>
internal static class LayerCounts
{
    /// <summary>
    /// By calibrated errors (CompressKV): from <paramref name="share"/> a layer on average, at least min(minimum, share), at most
    /// <paramref name="maximum"/> shares and what the layer holds.
    /// </summary>
    public static int[] ByError(CacheShape shape, float[] errors, int share, int minimum, int maximum)
    {
        if (errors.Length != shape.Layers || !errors.All(e => float.IsFinite(e) && e >= 0))
        {
            throw new PolicyException($"the calibration's layer errors are not {shape.Layers} positive numbers: it is another model's");
        }

        int longest = 0;
        for (int i = 0; i < shape.Layers * shape.KvHeads; i++)
        {
            longest = Math.Max(longest, shape.Slots(i / shape.KvHeads, i % shape.KvHeads));
        }

        share = Math.Min(share, longest);
        int most = (int)Math.Min((long)maximum * share, longest);
        double[] scores = ErrorBudget.Normalize(Array.ConvertAll(errors, e => (double)e));
        int[] counts = ErrorBudget.Counts(scores, (long)share * shape.Layers, Math.Min(minimum, share), most);

        // Heads shorter than the share leave room in their own layer only.
        long slots = 0;
        for (int i = 0; i < shape.Layers * shape.KvHeads; i++)
        {
            slots += Math.Min(share, shape.Slots(i / shape.KvHeads, i % shape.KvHeads));
        }

        LayerFit.Reduce(counts, shape, slots);
        return counts;
    }

    /// <summary>By composite scores (KVCompose): the composites of all layers compete for the budget.</summary>
    public static int[] ByComposites(AttentionScores sorted, CacheShape shape, long slots)
    {
        float[][] composites = CompositeScores.OfSorted(sorted);
        BudgetRow[] rows = new BudgetRow[shape.Layers];
        for (int layer = 0; layer < rows.Length; layer++)
        {
            int[] lengths = [.. Enumerable.Range(0, shape.KvHeads).Select(h => shape.Slots(layer, h))];
            rows[layer] = new BudgetRow(composites[layer], 1, 0, lengths);
        }

        return ThresholdBudget.SolveWithin(rows, slots).Counts;
    }
}
