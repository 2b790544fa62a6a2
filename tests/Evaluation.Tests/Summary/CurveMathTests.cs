using KVCluster.Evaluation.Summary;

namespace KVCluster.Evaluation.Tests.Summary;

public sealed class CurveMathTests
{
    private static readonly (double, double)[] s_curve = [(0, 1), (0.5, 0.8), (0.75, 0.4), (0.9, 0.6)];

    [Fact]
    public void The_area_is_by_trapezoids_over_the_width() =>

        // 0.5 * 0.9 + 0.25 * 0.6 + 0.15 * 0.5 = 0.675, over 0.9.
        Assert.Equal(0.75, CurveMath.NormalisedArea(s_curve), 12);

    [Fact]
    public void The_area_of_a_point_is_its_height() => Assert.Equal(0.3, CurveMath.NormalisedArea([(0.2, 0.3)]));

    [Theory]
    [InlineData(0.1, 0.25)]
    [InlineData(0.2, 0.5)]
    [InlineData(0.4, 0.625)]
    [InlineData(0.5, 0.6875)]
    [InlineData(0.6, 0.9)]
    public void The_largest_within_a_loss_is_where_the_curve_first_falls_below(double loss, double expected) =>
        Assert.Equal(expected, CurveMath.LargestWithin(s_curve, loss), 12);

    [Fact]
    public void A_curve_that_fell_is_not_followed_when_it_comes_back() =>
        Assert.Equal(0.1, CurveMath.LargestWithin([(0, 1), (0.2, 0), (0.9, 1)], 0.5), 12);

    [Fact]
    public void Nothing_is_lost_of_nothing() => Assert.Equal(0.9, CurveMath.LargestWithin([(0, 0), (0.9, 0)], 0.1));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.25, 0.9)]
    [InlineData(0.5, 0.8)]
    [InlineData(0.9, 0.6)]
    [InlineData(0.625, 0.6)]
    public void A_curve_is_read_between_its_points(double x, double y) => Assert.Equal(y, CurveMath.At(s_curve, x)!.Value, 12);

    [Fact]
    public void A_curve_is_not_read_outside_of_its_points()
    {
        Assert.Null(CurveMath.At(s_curve, 0.91));
        Assert.Null(CurveMath.At(s_curve, -0.01));
    }

    [Fact]
    public void Points_must_ascend() => Assert.Throws<ArgumentException>(() => CurveMath.NormalisedArea([(1, 0), (0, 0)]));
}
