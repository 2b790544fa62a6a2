namespace KVCluster.Silo.Tests.Gateway;

public class InterleavedTimesTests
{
    private static readonly double[] Times = [.. Enumerable.Range(0, 150).Select(i => 1e-3 * (1 + (0.2 * ((i * 37 % 100) / 100.0))))];

    /// <summary>The same times in another order: equal work, unequal luck.</summary>
    private static readonly double[] Others = [.. Enumerable.Range(0, 150).Select(i => Times[(i + 41) % 150])];

    [Fact]
    public void Equal_work_is_equal_even_where_half_of_it_is_disturbed()
    {
        double[] disturbed = [.. Times.Select((t, i) => i % 2 == 0 ? t + 20e-3 : t)];
        double[] alike = [.. Others.Select((t, i) => i % 2 == 1 ? t + 30e-3 : t)];

        Assert.True(InterleavedTimes.Of(disturbed, alike).IsEqual);
    }

    [Theory]
    [InlineData(1.1)]
    [InlineData(0.9)]
    public void A_tenth_more_or_less_work_is_told_apart(double work) =>
        Assert.False(InterleavedTimes.Of([.. Times.Select(t => t * work)], Others).IsEqual);
}
