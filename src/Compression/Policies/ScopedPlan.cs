using KVCluster.Compression.Budgets;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>Plans in which slots of several heads compete by their scores, each head with a floor.</summary>
internal static class ScopedPlan
{
    /// <summary>The plan; every head keeps at least the best <paramref name="floor"/> it has, as far as the budget reaches.</summary>
    public static RetentionPlan Of(AttentionScores ranked, CacheShape shape, RetentionBudget budget, BudgetScope scope, int floor, int minimum)
    {
        AttentionScores sorted = DescendingSort.Rows(ranked);
        int[] counts = Counts(sorted, shape, budget, scope, _ => floor, minimum);
        return FromCounts(ranked, sorted, counts);
    }

    /// <summary>Slots of each head, layer-major, from rows in descending order; floor tells each head's floor from its mean share.</summary>
    public static int[] Counts(
        AttentionScores sorted, CacheShape shape, RetentionBudget budget, BudgetScope scope, Func<int, int> floor, int minimum)
    {
        int share = HeadPlan.Share(shape, budget, minimum);
        int heads = shape.KvHeads;
        if (scope == BudgetScope.Head)
        {
            return [.. Enumerable.Range(0, shape.Layers * heads).Select(i => Math.Min(share, shape.Slots(i / heads, i % heads)))];
        }

        BudgetRow[] rows = new BudgetRow[shape.Layers * heads];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = new BudgetRow(sorted.RowMemory(i / heads, i % heads), 1, floor(share));
        }

        if (scope == BudgetScope.Model)
        {
            long least = Math.Min((long)rows.Length * minimum, shape.TotalSlots);
            return ThresholdBudget.SolveWithin(rows, Math.Max(budget.Slots(shape), least)).Counts;
        }

        List<int> counts = [];
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            long slots = Enumerable.Range(0, heads).Sum(h => (long)Math.Min(share, shape.Slots(layer, h)));
            counts.AddRange(ThresholdBudget.SolveWithin(rows[(layer * heads)..((layer + 1) * heads)], slots).Counts);
        }

        return [.. counts];
    }

    /// <summary>The best counts[i] slots of each head.</summary>
    public static RetentionPlan FromCounts(AttentionScores ranked, AttentionScores sorted, int[] counts)
    {
        int[][] kept = new int[counts.Length][];
        for (int i = 0; i < kept.Length; i++)
        {
            int layer = i / ranked.Heads;
            int head = i % ranked.Heads;
            kept[i] = SlotSelection.Best(ranked.Row(layer, head), sorted.Row(layer, head), counts[i]);
        }

        return new RetentionPlan(ranked.Layers, ranked.Heads, kept);
    }
}
