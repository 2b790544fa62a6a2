using KVCluster.Engine.Conformance.Cluster;
using KVCluster.Engine.Conformance.Grains;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class TimerCases : ConformanceCase
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_timer_ticks_again_and_again()
    {
        var cluster = await StartAsync();
        await Soon(Get<ITimerGrain>(cluster).Start(Second, Second, interleave: false));
        for (var ticks = 1; ticks <= 3; ticks++)
        {
            await PassUntilAsync(cluster, () => Stage.Count("tick") >= ticks);
        }
    }

    [Fact]
    public async Task A_timer_without_a_period_ticks_once()
    {
        var cluster = await StartAsync();
        var grain = Get<ITimerGrain>(cluster);
        await Soon(grain.Start(Second, Timeout.InfiniteTimeSpan, interleave: false));
        await cluster.PassTimeAsync(Second);
        await Stage.SeenAsync("tick");
        await cluster.PassTimeAsync(2 * Second);
        await Soon(grain.Stop());

        Assert.Equal(1, Stage.Count("tick"));
    }

    [Fact]
    public async Task A_stopped_timer_ticks_no_more()
    {
        var cluster = await StartAsync();
        var grain = Get<ITimerGrain>(cluster);
        await Soon(grain.Start(Second, Second, interleave: false));
        await cluster.PassTimeAsync(Second);
        await Stage.SeenAsync("tick");
        await Soon(grain.Stop());
        var ticks = Stage.Count("tick");
        await cluster.PassTimeAsync(3 * Second);

        await Soon(grain.Hold(Opened("end")));
        Assert.Equal(ticks, Stage.Count("tick"));
    }

    [Fact]
    public async Task A_timer_is_not_a_part_of_the_call_that_started_it()
    {
        var cluster = await StartAsync();
        await Soon(Get<ITimerGrain>(cluster).Start(Second, Second, interleave: false));
        await cluster.PassTimeAsync(Second);

        await Stage.SeenAsync("context empty");
    }

    [Fact]
    public async Task A_tick_waits_for_the_turn_that_runs()
    {
        var cluster = await StartAsync();
        var grain = Get<ITimerGrain>(cluster);
        await Soon(grain.Start(Second, Second, interleave: false));
        var turn = grain.Hold("turn");
        await Stage.SeenAsync("turn reached");
        await cluster.PassTimeAsync(2 * Second);
        await Task.Delay(20);
        Assert.Equal(0, Stage.Count("tick"));
        Stage.Open("turn");
        await Soon(turn);

        await Stage.SeenAsync("tick");
    }

    [Fact]
    public async Task An_interleaving_tick_does_not_wait()
    {
        var cluster = await StartAsync();
        var grain = Get<ITimerGrain>(cluster);
        await Soon(grain.Start(Second, Second, interleave: true));
        var turn = grain.Hold("turn");
        await Stage.SeenAsync("turn reached");
        await cluster.PassTimeAsync(Second);

        await Stage.SeenAsync("tick");
        Stage.Open("turn");
        await Soon(turn);
    }

    [Fact]
    public async Task The_next_tick_waits_for_the_end_of_the_last()
    {
        var cluster = await StartAsync();
        await Soon(Get<ITimerGrain>(cluster).StartSlow(Second, Second));
        await cluster.PassTimeAsync(Second);
        await Stage.SeenAsync("tick reached");
        await cluster.PassTimeAsync(3 * Second);
        Assert.Equal(1, Stage.Count("tick reached"));
        Stage.Open("tick");
        await Stage.SeenAsync("tick ended");
        await PassUntilAsync(cluster, () => Stage.Count("tick reached") >= 2);
    }

    [Fact]
    public async Task The_tick_of_a_timer_that_is_stopped_is_cancelled()
    {
        var cluster = await StartAsync();
        var grain = Get<ITimerGrain>(cluster);
        await Soon(grain.StartSlow(Second, Second));
        await cluster.PassTimeAsync(Second);
        await Stage.SeenAsync("tick reached");
        await Soon(grain.Stop());

        await Stage.SeenAsync("tick cancelled");
    }

    [Fact]
    public async Task A_changed_timer_ticks_at_its_new_times()
    {
        var cluster = await StartAsync();
        var grain = Get<ITimerGrain>(cluster);
        await Soon(grain.Start(TimeSpan.FromHours(1), TimeSpan.FromHours(1), interleave: false));
        await Soon(grain.Change(Second, Second));
        await cluster.PassTimeAsync(Second);

        await Stage.SeenAsync("tick");
    }

    [Fact]
    public async Task A_failing_tick_does_not_stop_the_timer()
    {
        var cluster = await StartAsync();
        await Soon(Get<ITimerGrain>(cluster).StartFailing(Second, Second));
        await cluster.PassTimeAsync(Second);
        await Stage.SeenAsync("failing tick");
        await PassUntilAsync(cluster, () => Stage.Count("failing tick") >= 2);
    }

    [Fact]
    public async Task A_change_between_a_tick_and_its_turn_holds_from_the_turns_end_with_its_period()
    {
        var cluster = await StartAsync();
        var grain = Get<ITimerGrain>(cluster);
        await Soon(grain.Start(Second, Timeout.InfiniteTimeSpan, interleave: false));
        var turn = grain.HoldThenChange("turn", TimeSpan.FromHours(1), Second);
        await Stage.SeenAsync("turn reached");
        await cluster.PassTimeAsync(2 * Second);
        Stage.Open("turn");
        await Soon(turn);

        // The tick that was due comes; the next one after the new period, and not at the new due time.
        await Stage.SeenAsync("tick");
        await PassUntilAsync(cluster, () => Stage.Count("tick") >= 2);
    }

    [Fact]
    public async Task A_timer_whose_cancellation_fails_does_not_keep_its_grain_from_ending()
    {
        var cluster = await StartAsync();
        var grain = Get<ITimerGrain>(cluster);
        await Soon(grain.StartWithFailingToken(Second, Timeout.InfiniteTimeSpan));
        await cluster.PassTimeAsync(Second);
        await Stage.SeenAsync("token taken");
        var first = await Soon(grain.Activation());
        await Soon(grain.Deactivate());

        Assert.NotEqual(first, await Soon(grain.Activation()));
    }

    [Fact]
    public async Task Times_below_zero_are_refused()
    {
        var grain = Get<ITimerGrain>(await StartAsync());

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Soon(grain.Start(TimeSpan.FromSeconds(-5), Second, interleave: false)));
    }

    private string Opened(string gate)
    {
        Stage.Open(gate);
        return gate;
    }
}
