using KVCluster.Engine.Conformance.Grains;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class TimerTests(SharedCluster shared) : SharedClusterCase(shared)
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task A_timer_ticks_until_it_is_stopped()
    {
        ITimerGrain grain = Client.GetGrain<ITimerGrain>(NewKey());
        await grain.Start(Period, Period, interleave: false, keepAlive: false).Within();
        await TicksAsync(grain, 3);
        await grain.Stop().Within();
        int ticks = await grain.Ticks().Within();
        for (int i = 0; i < 5; i++)
        {
            await Cluster.PassAsync(Period);
        }

        Assert.Equal(ticks, await grain.Ticks().Within());
    }

    [Fact]
    public async Task A_timer_without_a_period_ticks_once_until_it_is_set_again()
    {
        ITimerGrain grain = Client.GetGrain<ITimerGrain>(NewKey());
        await grain.Start(Period, Timeout.InfiniteTimeSpan, interleave: false, keepAlive: false).Within();
        await TicksAsync(grain, 1);
        for (int i = 0; i < 5; i++)
        {
            await Cluster.PassAsync(Period);
        }

        Assert.Equal(1, await grain.Ticks().Within());
        await grain.Change(Period, Timeout.InfiniteTimeSpan).Within();
        await TicksAsync(grain, 2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_timer_ticks_within_another_turn_where_it_interleaves_only(bool interleave)
    {
        string key = $"a/{NewKey()}";
        IGateGrain gate = Client.GetGrain<IGateGrain>(key);
        ITimerGrain grain = Client.GetGrain<ITimerGrain>(NewKey());
        Task held = grain.Hold(key);
        await Eventually.HoldsAsync(Cluster, Period, async () => await gate.Arrived() == 1);
        Assert.False(held.IsCompleted);
        await gate.Open().Within();
        await held.Within();
        await grain.Start(Period, Period, interleave, keepAlive: false).Within();
        string second = $"a/{NewKey()}";
        held = grain.Hold(second);
        if (interleave)
        {
            await Eventually.HoldsAsync(Cluster, Period, async () => await grain.TicksWhileHeld() >= 2);
        }
        else
        {
            await Eventually.HoldsAsync(Cluster, Period, async () => await Client.GetGrain<IGateGrain>(second).Arrived() == 1);
            for (int i = 0; i < 5; i++)
            {
                await Cluster.PassAsync(Period);
            }

            Assert.Equal(0, await grain.TicksWhileHeld().Within());
        }

        await Client.GetGrain<IGateGrain>(second).Open().Within();
        await held.Within();
        await TicksAsync(grain, await grain.Ticks().Within() + 1);
    }

    [Fact]
    public async Task A_timer_ends_with_its_activation()
    {
        ITimerGrain grain = Client.GetGrain<ITimerGrain>(NewKey());
        await grain.Start(Period, Period, interleave: false, keepAlive: true).Within();
        await TicksAsync(grain, 1);
        Guid first = await grain.Activation().Within();
        await grain.Leave().Within();
        await Eventually.HoldsAsync(Cluster, Period, async () => await grain.Activation() != first);
        for (int i = 0; i < 5; i++)
        {
            await Cluster.PassAsync(Period);
        }

        Assert.Equal(0, await grain.Ticks().Within());
    }

    private Task TicksAsync(ITimerGrain grain, int ticks) => Eventually.HoldsAsync(Cluster, Period, async () => await grain.Ticks() >= ticks);
}
