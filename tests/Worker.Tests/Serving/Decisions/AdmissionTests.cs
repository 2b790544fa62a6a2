using KVCluster.Compression.Pressure.Admission;
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
        order.Sort([new(0, now), new(5, now), new(0, now), new(5, now)], now, sorted);
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
        order.Sort([new(0, arrived), new(5, now)], now, sorted);
        Assert.Equal([0, 1], sorted);
    }

    [Fact]
    public void Tenants_of_one_rank_take_turns()
    {
        AdmissionOrder order = Order();
        long now = _time.GetTimestamp();
        List<int> sorted = [];
        WaitingTurn[] waiting = [new(0, now, "a"), new(0, now, "a"), new(0, now, "a"), new(0, now, "b"), new(1, now, "a")];
        order.Sort(waiting, now, sorted);
        Assert.Equal([4, 0, 3, 1, 2], sorted);
        order.Started("a");
        order.Sort(waiting, now, sorted);
        Assert.Equal([4, 3, 0, 1, 2], sorted);
    }

    [Fact]
    public void When_to_come_again_follows_from_what_runs_and_who_is_ahead()
    {
        RunningTurn[] running = RetryEstimate.Ends([new(100, 50, 1000), new(0, 20, 500)], prefill: 50, decode: 10);
        Assert.Equal([new RunningTurn(12, 1000), new RunningTurn(4, 500)], running);
        var outlook = new AdmissionOutlook { Running = running, Ahead = [new QueuedTurn(60, 400)] };
        Assert.Equal(4, RetryEstimate.Of(outlook, 100).TotalSeconds);
        Assert.Equal(12, RetryEstimate.Of(outlook, 101).TotalSeconds);
        Assert.Equal(RetryEstimate.Most, RetryEstimate.Of(outlook, 2000));
        Assert.Equal(RetryEstimate.Least, RetryEstimate.Of(AdmissionOutlook.Nothing, 0));
        AdmissionOutlook idle = AdmissionOutlook.Nothing with { ReclaimableBytes = 1000, ReclaimBytesPerSecond = 100 };
        Assert.Equal(8, RetryEstimate.Of(idle, 800).TotalSeconds);

        // There is room, but the queue is full: until the first that runs has ended.
        Assert.Equal(4, RetryEstimate.Of(outlook with { FreeBytes = 900, Ahead = [] }, 900).TotalSeconds);
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
