using KVCluster.Inference;
using KVCluster.Silo.Options;

namespace KVCluster.Silo.Tests.Options;

public class RetentionTests
{
    [Fact]
    public void What_stays_and_what_goes_make_one()
    {
        Assert.Equal(0.75, Retention.ToRatio(0.25));
        Assert.Equal(0, Retention.ToRatio(1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-0.5)]
    [InlineData(1.01)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_fraction_outside_its_range_is_refused(double keep) =>
        Assert.Contains("--keep", Assert.Throws<InputException>(() => Retention.ToRatio(keep)).Message, StringComparison.Ordinal);

    [Fact]
    public void Lists_are_split_at_commas()
    {
        Assert.Equal([1, 0.5, 0.05], Retention.ParseList("1, 0.5,0.05", "--keep"));
        Assert.Throws<InputException>(() => Retention.ParseList("0.5,,0.1", "--keep"));
        Assert.Throws<InputException>(() => Retention.ParseList("0.5,half", "--keep"));
    }

    [Theory]
    [InlineData(1, "100 %")]
    [InlineData(0.25, "25 %")]
    [InlineData(0.125, "12.5 %")]
    public void Fractions_are_shown_in_percent(double keep, string text) => Assert.Equal(text, Retention.Percent(keep));
}
