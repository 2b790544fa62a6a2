using KVCluster.Engine.Conformance.Cluster;
using KVCluster.Engine.Conformance.Grains;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class TurnCases : ConformanceCase
{
    [Fact]
    public async Task A_call_waits_for_the_end_of_the_one_before()
    {
        var grain = Get<IPlainTurnGrain>(await StartAsync());
        var first = grain.Wait("first");
        await Stage.SeenAsync("first reached");
        var second = grain.Echo("second");
        var third = grain.WaitReadOnly("third");

        await AssertStillWaitingAsync(grain, second, "echo second");
        Stage.Open("third");
        Stage.Open("first");
        await Soon(first);
        Assert.Equal("second", await Soon(second));
        await Soon(third);
    }

    [Fact]
    public async Task Calls_that_wait_each_run_once()
    {
        var grain = Get<IPlainTurnGrain>(await StartAsync());
        var first = grain.Wait("first");
        await Stage.SeenAsync("first reached");
        var others = Enumerable.Range(0, 100).Select(i => grain.Echo($"{i}")).ToArray();
        Stage.Open("first");
        await Soon(Task.WhenAll(others));

        // Their order is no promise: Orleans' gateways turn a burst of calls around.
        Assert.Equal(
            Enumerable.Range(0, 100).Select(i => $"echo {i}").Order(), Stage.Journal.Where(entry => entry.StartsWith("echo ")).Order());
        await Soon(first);
    }

    [Fact]
    public async Task An_always_interleaving_call_begins_beside_any()
    {
        var grain = Get<IPlainTurnGrain>(await StartAsync());
        var first = grain.Wait("first");
        await Stage.SeenAsync("first reached");
        var second = grain.WaitInterleaving("second");
        await Stage.SeenAsync("second reached");

        Stage.Open("first");
        await Soon(first);
        Stage.Open("second");
        await Soon(second);
    }

    [Fact]
    public async Task A_call_begins_beside_an_always_interleaving_one()
    {
        var grain = Get<IPlainTurnGrain>(await StartAsync());
        var first = grain.WaitInterleaving("first");
        await Stage.SeenAsync("first reached");

        Assert.Equal("second", await Soon(grain.Echo("second")));
        Stage.Open("first");
        await Soon(first);
    }

    [Fact]
    public async Task Read_only_calls_interleave_with_one_another()
    {
        var grain = Get<IPlainTurnGrain>(await StartAsync());
        var first = grain.WaitReadOnly("first");
        await Stage.SeenAsync("first reached");
        var second = grain.WaitReadOnly("second");
        await Stage.SeenAsync("second reached");

        await AssertStillWaitingAsync(grain, grain.Echo("third"), "echo third");
        Stage.Open("first");
        Stage.Open("second");
        await Soon(Task.WhenAll(first, second));
    }

    [Fact]
    public async Task Calls_of_a_reentrant_class_interleave()
    {
        var grain = Get<IReentrantTurnGrain>(await StartAsync());
        var first = grain.Wait("first");
        await Stage.SeenAsync("first reached");

        Assert.Equal("second", await Soon(grain.Echo("second")));
        Stage.Open("first");
        await Soon(first);
    }

    [Fact]
    public async Task A_predicate_of_the_class_decides_which_calls_interleave()
    {
        var grain = Get<IChoosyTurnGrain>(await StartAsync());
        var first = grain.Wait("first");
        await Stage.SeenAsync("first reached");
        var refused = grain.Echo("refused");

        Assert.Equal("let me in", await Soon(grain.Echo("let me in")));
        await AssertStillWaitingAsync(grain, refused, "echo refused");
        Stage.Open("first");
        await Soon(Task.WhenAll(first, refused));
    }

    [Fact]
    public async Task A_predicate_that_fails_refuses_its_call_and_holds_up_no_other()
    {
        var grain = Get<IChoosyTurnGrain>(await StartAsync());
        var first = grain.Wait("first");
        await Stage.SeenAsync("first reached");

        Assert.Contains("cannot decide", (await Assert.ThrowsAnyAsync<Exception>(() => Soon(grain.Echo("undecided")))).ToString());
        Assert.Equal("let me in", await Soon(grain.Echo("let me in")));
        Stage.Open("first");
        await Soon(first);
        Assert.Equal("next", await Soon(grain.Echo("next")));
        Assert.Equal(0, Stage.Count("echo undecided"));
    }

    [Fact]
    public async Task Interleaved_calls_never_run_at_the_same_time()
    {
        var grain = Get<IReentrantTurnGrain>(await StartAsync());
        var sums = await Soon(Task.WhenAll(Enumerable.Range(0, 20).Select(_ => grain.AddOverAwaits(200))));

        Assert.Equal(20 * 200, sums.Max());
    }

    [Fact]
    public async Task Awaits_come_back_to_a_turn_of_the_grain()
        => Assert.True(await Soon(Get<IPlainTurnGrain>(await StartAsync()).AwaitsComeBack()));

    [Fact]
    public async Task A_failed_call_lets_the_next_one_run()
    {
        var grain = Get<IPlainTurnGrain>(await StartAsync());
        var first = grain.WaitThenFail("first", "It failed.");
        var second = grain.Echo("second");
        Stage.Open("first");

        Assert.Equal("It failed.", (await Assert.ThrowsAsync<InvalidOperationException>(() => Soon(first))).Message);
        Assert.Equal("second", await Soon(second));
    }

    [Fact]
    public async Task The_caller_of_a_one_way_method_does_not_wait()
    {
        var grain = Get<IPlainTurnGrain>(await StartAsync());
        await Soon(grain.WaitUnawaited("one way"));
        await Stage.SeenAsync("one way reached");
        Stage.Open("one way");

        await Stage.SeenAsync("one way passed");
        Assert.Equal("next", await Soon(grain.Echo("next")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_call_chain_comes_back_only_where_it_is_allowed(bool allowed)
    {
        var cluster = await StartAsync(new ConformanceOptions { ResponseTimeout = TimeSpan.FromSeconds(2) });
        var key = NewKey();
        var call = Get<IChainGrain>(cluster, key).CallThrough(NewKey(), allowed);
        await Stage.SeenAsync($"calling {key} back");

        if (allowed)
        {
            Assert.Equal(key, await Soon(call));
        }
        else
        {
            Assert.False(call.IsCompleted);
            await cluster.PassTimeAsync(TimeSpan.FromSeconds(4));
            await Assert.ThrowsAsync<TimeoutException>(() => Soon(call));
        }
    }

    // That nothing happens cannot be waited for, but a call that came later and interleaves with any has had its turn.
    private async Task AssertStillWaitingAsync(ITurnGrain grain, Task call, string entry)
    {
        Stage.Open("later");
        await Soon(grain.WaitInterleaving("later"));
        Assert.False(call.IsCompleted);
        Assert.Equal(0, Stage.Count(entry));
    }
}
