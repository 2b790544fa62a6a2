using KVCluster.Compression.Budgets;

namespace KVCluster.Compression.Policies;

/// <summary>
/// A policy that wants its cut made in several steps with new scores before each: whoever applies plans gathers, plans and applies once a
/// stage, with the budgets <see cref="StageBudgets.Of"/> gives.
/// </summary>
public interface IStagedPolicy : ICompressionPolicy
{
    /// <summary>Steps, at least 1.</summary>
    int Stages { get; }
}

/// <summary>Budgets of the stages of one cut.</summary>
public static class StageBudgets
{
    /// <summary>
    /// Slots after each stage: every stage keeps the same share of what the one before left, and the last is the budget itself.
    /// </summary>
    public static RetentionBudget[] Of(RetentionBudget budget, CacheShape shape, int stages)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentOutOfRangeException.ThrowIfLessThan(stages, 1);
        if (stages == 1)
        {
            return [budget];
        }

        // Whole composites where the heads are even, so that the last stage counts as a single cut would.
        long unit = shape.IsEvenInLayers() ? shape.KvHeads : 1;
        long last = budget.Slots(shape, unit);
        var budgets = new RetentionBudget[stages];
        for (int i = 0; i < stages; i++)
        {
            double share = Math.Pow((double)last / shape.TotalSlots, (i + 1.0) / stages);
            long slots = (long)(shape.TotalSlots * share) / unit * unit;
            budgets[i] = RetentionBudget.OfSlots(i == stages - 1 ? last : Math.Max(last, slots));
        }

        return budgets;
    }
}
