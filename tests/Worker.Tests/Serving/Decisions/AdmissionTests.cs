using KVCluster.Worker.Serving.Decisions;

namespace KVCluster.Worker.Tests.Serving.Decisions;

public sealed class AdmissionTests
{
    private readonly ServingTime _time = new();

    [Fact]
    public void Rank_comes_before_arrival_and_arrival_among_equals()
    {
        AdmissionOrder order = Order();
        long now = _time.GetTimestamp();
        List<int> sorted = [];
        order.Sort([(0, now), (5, now), (0, now), (5, now)], now, sorted);
        Assert.Equal([1, 3, 0, 2], sorted);
    }

    [Fact]
    public void Waiting_raises_a_turn_over_every_priority_in_the_end()
    {
        AdmissionOrder order = Order();
        long arrived = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(11));
        long now = _time.GetTimestamp();
        List<int> sorted = [];
        order.Sort([(0, arrived), (5, now)], now, sorted);
        Assert.Equal([0, 1], sorted);
    }

    [Fact]
    public void Others_may_pass_a_turn_that_does_not_fit_for_a_while_only()
    {
        AdmissionOrder order = Order();
        long arrived = _time.GetTimestamp();
        Assert.True(order.MayPass(arrived, _time.GetTimestamp()));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.False(order.MayPass(arrived, _time.GetTimestamp()));
    }

    [Fact]
    public void A_clock_that_stands_behind_an_arrival_adds_nothing()
    {
        var aging = new Aging(_time, TimeSpan.FromSeconds(2));
        Assert.Equal(3, aging.Rank(3, _time.GetTimestamp() + 1_000_000_000, _time.GetTimestamp()));
        Assert.Equal(int.MaxValue, aging.Rank(int.MaxValue, 0, long.MaxValue / 2));
    }

    private AdmissionOrder Order() => new(new Aging(_time, TimeSpan.FromSeconds(2)), _time, TimeSpan.FromSeconds(2));
}
