using KVCluster.Compression.Budgets;

namespace KVCluster.Compression.Tests.Budgets;

public sealed class RetentionBudgetTests
{
    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.0)]
    [InlineData(1.5)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_ratio_out_of_range_is_refused(double ratio)
    {
        PolicyException error = Assert.Throws<PolicyException>(() => RetentionBudget.OfRatio(ratio));
        Assert.Contains("[0, 1)", error.Message, StringComparison.Ordinal);
        Assert.Throws<PolicyException>(() => RetentionBudget.KeptOf(10, ratio));
    }

    [Fact]
    public void Slots_never_exceed_what_is_present()
    {
        CacheShape shape = new(1, 2, 10, [[0, 1, 2], [7]]);
        Assert.Equal(4, RetentionBudget.OfSlots(99).Slots(shape));
        Assert.Equal(4, RetentionBudget.OfRatio(0.5, RatioBasis.Logical).Slots(shape));
        Assert.Equal(2, RetentionBudget.OfRatio(0.5).Slots(shape));
        Assert.Throws<ArgumentOutOfRangeException>(() => RetentionBudget.OfSlots(-1));
    }
}
