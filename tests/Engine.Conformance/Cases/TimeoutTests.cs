using KVCluster.Engine.Conformance.Grains;

namespace KVCluster.Engine.Conformance.Cases;

/// <summary>Calls that take too long, on two silos where callers wait two seconds.</summary>
public sealed class TimeoutTests : IAsyncLifetime
{
    private IConformanceCluster _cluster = null!;

    public async Task InitializeAsync()
    {
        _cluster = await ConformanceClusters.CreateAsync(new ConformanceSettings { ResponseTimeout = TimeSpan.FromSeconds(2) });
        await _cluster.StartSiloAsync("a");
        await _cluster.StartSiloAsync("b");
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task A_call_that_takes_too_long_fails_its_caller_and_not_the_grain()
    {
        ICallGrain grain = _cluster.Client.GetGrain<ICallGrain>("b/slow");
        await TimesOutAsync(grain.Hold("a/gate"));
        await _cluster.Client.GetGrain<IGateGrain>("a/gate").Open().Within();
        Assert.Equal(42, await grain.Answer().Within());
    }

    [Fact]
    public async Task A_methods_own_limit_goes_before_the_general_one()
    {
        ICallGrain grain = _cluster.Client.GetGrain<ICallGrain>("b/one");
        Task call = grain.HoldForOneSecond("a/gate");
        await TimesOutAsync(call);
    }

    [Fact]
    public async Task A_call_back_into_the_chain_waits_in_vain_where_nobody_allowed_it() =>
        await TimesOutAsync(_cluster.Client.GetGrain<IChainGrain>("first").CallWhichCallsBack("other", allow: false));

    [Fact]
    public async Task An_enumeration_whose_items_take_longer_than_a_call_may_goes_on()
    {
        await using IAsyncEnumerator<int> reader = _cluster.Client.GetGrain<IStreamGrain>("slow").Endless("a/journal").GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync().AsTask().Within());
        Task<bool> next = reader.MoveNextAsync().AsTask();
        for (int i = 0; i < 10; i++)
        {
            await _cluster.PassAsync(TimeSpan.FromMilliseconds(500));
        }

        Assert.False(next.IsCompleted);
    }

    private async Task TimesOutAsync(Task call)
    {
        await Eventually.HoldsAsync(_cluster, TimeSpan.FromMilliseconds(250), () => Task.FromResult(call.IsCompleted));
        await Assert.ThrowsAsync<TimeoutException>(() => call);
    }
}
