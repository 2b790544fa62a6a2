using KVCluster.Engine.Conformance.Cluster;
using KVCluster.Engine.Conformance.Grains;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class TimeoutCases : ConformanceCase
{
    private static readonly ConformanceOptions Short = new() { ResponseTimeout = TimeSpan.FromSeconds(2) };

    [Fact]
    public async Task A_call_without_an_answer_times_out_and_its_turn_goes_on()
    {
        var cluster = await StartAsync(Short);
        var grain = Get<IPlainTurnGrain>(cluster);
        var call = grain.Wait("gate");
        await Stage.SeenAsync("gate reached");
        await cluster.PassTimeAsync(TimeSpan.FromSeconds(4));
        await Assert.ThrowsAsync<TimeoutException>(() => Soon(call));

        var next = grain.Echo("next");
        Stage.Open("gate");
        Assert.Equal("next", await Soon(next));
    }

    [Fact]
    public async Task A_call_that_times_out_before_it_begins_never_runs()
    {
        var cluster = await StartAsync(Short);
        var grain = Get<IPlainTurnGrain>(cluster);
        var first = grain.Wait("gate");
        await Stage.SeenAsync("gate reached");
        var second = grain.Echo("late");
        await cluster.PassTimeAsync(TimeSpan.FromSeconds(4));
        await Assert.ThrowsAsync<TimeoutException>(() => Soon(first));
        await Assert.ThrowsAsync<TimeoutException>(() => Soon(second));
        Stage.Open("gate");

        Assert.Equal("next", await Soon(grain.Echo("next")));
        Assert.Equal(0, Stage.Count("echo late"));
    }

    [Fact]
    public async Task A_method_may_have_a_response_timeout_of_its_own()
    {
        var cluster = await StartAsync();
        var grain = Get<IPlainTurnGrain>(cluster);
        var call = grain.WaitWithShortTimeout("gate");
        await Stage.SeenAsync("gate reached");
        await cluster.PassTimeAsync(TimeSpan.FromSeconds(4));

        await Assert.ThrowsAsync<TimeoutException>(() => Soon(call));
        Stage.Open("gate");
    }

    [Fact]
    public async Task Cancellation_reaches_the_callee_and_releases_the_caller()
    {
        var grain = Get<IPlainTurnGrain>(await StartAsync());
        using var cancellation = new CancellationTokenSource();
        var call = grain.WaitCancellable("gate", cancellation.Token);
        await Stage.SeenAsync("gate reached");
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Soon(call));
        await Stage.SeenAsync("gate cancelled");
        Assert.Equal("next", await Soon(grain.Echo("next")));
    }

    [Fact]
    public async Task A_call_that_is_cancelled_while_it_waits_does_nothing()
    {
        var grain = Get<IPlainTurnGrain>(await StartAsync());
        var first = grain.Wait("first");
        await Stage.SeenAsync("first reached");
        using var cancellation = new CancellationTokenSource();
        var second = grain.WaitCancellable("second", cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Soon(second));
        Stage.Open("first");
        await Soon(first);

        Assert.Equal("next", await Soon(grain.Echo("next")));

        // Where the cancellation overtook the call it runs, with a token that is cancelled.
        await Stage.EventuallyAsync(() => Stage.Count("second reached") == Stage.Count("second cancelled"), () => "no call beyond its cancellation");
    }

    [Fact]
    public async Task A_call_with_a_cancelled_token_is_not_sent()
    {
        var grain = Get<IPlainTurnGrain>(await StartAsync());

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Soon(grain.WaitCancellable("gate", new CancellationToken(true))));
        Assert.Equal("next", await Soon(grain.Echo("next")));
        Assert.Equal(0, Stage.Count("gate reached"));
    }
}
