using KVCluster.Compression.Budgets;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>Plans from ranks and a number of slots for each head.</summary>
internal static class HeadPlan
{
    /// <summary>Slots each head gets where all get the same, at least <paramref name="minimum"/>.</summary>
    public static int Share(CacheShape shape, RetentionBudget budget, int minimum) => Math.Max(EqualLength.Of(shape, budget), minimum);

    /// <summary>The best <paramref name="count"/> slots of every head.</summary>
    public static RetentionPlan Equal(AttentionScores ranked, int count) => Of(ranked, (_, _) => count);

    /// <summary>The best count(layer, head) slots of each head.</summary>
    public static RetentionPlan Of(AttentionScores ranked, Func<int, int, int> count)
    {
        int[][] kept = new int[ranked.Layers * ranked.Heads][];
        for (int i = 0; i < kept.Length; i++)
        {
            int layer = i / ranked.Heads;
            int head = i % ranked.Heads;
            kept[i] = SlotSelection.Best(ranked.Row(layer, head), count(layer, head));
        }

        return new RetentionPlan(ranked.Layers, ranked.Heads, kept);
    }
}
