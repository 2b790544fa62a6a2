using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;

namespace KVCluster.Compression.Tests.Policies;

public sealed class StageBudgetsTests
{
    [Theory]
    [InlineData(0.9, 3)]
    [InlineData(0.5, 2)]
    [InlineData(0, 4)]
    [InlineData(0.97, 16)]
    public void Stages_fall_in_equal_proportion_to_the_budget_itself(double ratio, int stages)
    {
        CacheShape shape = CacheShape.Whole(5, 3, 400);
        RetentionBudget whole = RetentionBudget.OfRatio(ratio);
        long[] slots = StageBudgets.Of(whole, shape, stages).Select(b => b.Slots(shape, shape.KvHeads)).ToArray();
        Assert.Equal(stages, slots.Length);
        Assert.Equal(whole.Slots(shape, shape.KvHeads), slots[^1]);
        long before = shape.TotalSlots;
        double share = Math.Pow((double)slots[^1] / shape.TotalSlots, 1.0 / stages);
        foreach (long each in slots)
        {
            Assert.True(each <= before);
            Assert.InRange(each, (before * share) - (2 * shape.KvHeads), (before * share) + (2 * shape.KvHeads));
            before = each;
        }
    }

    [Theory]
    [InlineData("kvcompose:stages=0")]
    [InlineData("kvcompose:stages=17")]
    public void Stages_out_of_range_are_refused(string specification) =>
        Assert.Contains("stages", Assert.Throws<PolicyException>(() => CompressionPolicies.Parse(specification)).Message, StringComparison.Ordinal);
}
