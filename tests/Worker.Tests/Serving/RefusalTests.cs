using KVCluster.Inference.Sampling;
using KVCluster.Worker.Serving;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>Turns that find no room and no place in the queue, and when they are told to come again.</summary>
public sealed class RefusalTests
{
    private static readonly SamplingOptions Long = NeedleFixture.Greedy with { MaxTokens = 300, Temperature = 50, Seed = 9 };

    [Fact]
    public async Task Where_running_turns_hold_everything_the_next_waits_and_is_told_when_to_come_again()
    {
        var time = new ServingTime();
        DeviceWorkerOptions options = ServingFixture.Plain with { Time = time, AnswerReserveTokens = 512 };
        await using var serving = new ServingFixture(options, contextTokens: 512, watched: true);
        using var gate = new SemaphoreSlim(0);
        var running = new TaskCompletionSource();
        serving.Watched.BeforeForward = _ =>
        {
            running.TrySetResult();
            Assert.True(gate.Wait(ServingFixture.Patience));
        };
        Task<TurnEnd> first = serving.Run(serving.Turn("a", [], Tokens(200), Long));
        await running.Task.WaitAsync(ServingFixture.Patience);
        Task<TurnEnd> second = serving.Run(serving.Turn("b", [], Tokens(200), Long) with { MaxWait = TimeSpan.FromSeconds(5) });
        gate.Release(2);
        time.Advance(TimeSpan.FromSeconds(4));
        gate.Release(2);
        Assert.False(second.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        gate.Release(10_000);
        DeviceBusyException busy = await Assert.ThrowsAsync<DeviceBusyException>(() => second);
        Assert.InRange(busy.RetryAfter, TimeSpan.FromMilliseconds(250), TimeSpan.FromMinutes(2));
        Assert.Equal(300, (await first).Completion!.Tokens.Count);
        Assert.Equal(300, (await serving.Run(serving.Turn("b", [], Tokens(200), Long))).Completion!.Tokens.Count);
    }

    [Fact]
    public async Task A_turn_beyond_the_queues_bound_is_refused_at_once()
    {
        await using var serving = new ServingFixture(
            ServingFixture.Plain with { MaxRunningTurns = 1, MaxWaitingTurns = 2 }, watched: true);
        using var go = new ManualResetEventSlim();
        var running = new TaskCompletionSource();
        serving.Watched.BeforeForward = _ =>
        {
            running.TrySetResult();
            Assert.True(go.Wait(ServingFixture.Patience));
        };
        Task<TurnEnd> first = serving.Run(serving.Turn("s0", [], Tokens(50)));
        await running.Task.WaitAsync(ServingFixture.Patience);
        Task<TurnEnd>[] rest = [.. Enumerable.Range(1, 3).Select(i => serving.Run(serving.Turn($"s{i}", [], Tokens(50))))];
        go.Set();
        await first;
        DeviceBusyException busy = await Assert.ThrowsAsync<DeviceBusyException>(() => Task.WhenAll(rest));
        Assert.Contains("2 turns are waiting", busy.Message);
        Assert.Equal(1, rest.Count(turn => turn.IsFaulted));
    }

    [Fact]
    public async Task A_refused_turn_is_told_when_those_ahead_of_it_will_have_had_their_turn()
    {
        // Each takes 200 tokens of prompt, 0.2 s, and an answer of 300, 3 s by the speeds assumed; there is memory for one at a time.
        DeviceWorkerOptions options = ServingFixture.Plain with
        {
            Time = new ServingTime(),
            AnswerReserveTokens = 200,
            MaxWaitingTurns = 3,
            AssumedPrefillTokensPerSecond = 1000,
        };
        await using var serving = new ServingFixture(options, contextTokens: 512, watched: true, maxBatchTokens: 256);
        using var go = new ManualResetEventSlim();
        var running = new TaskCompletionSource();
        serving.Watched.BeforeForward = _ =>
        {
            running.TrySetResult();
            Assert.True(go.Wait(ServingFixture.Patience));
        };
        Task<TurnEnd> first = serving.Run(serving.Turn("s0", [], Tokens(200), Long));
        await running.Task.WaitAsync(ServingFixture.Patience);
        Task<TurnEnd>[] rest = [.. Enumerable.Range(1, 4).Select(i => serving.Run(serving.Turn($"s{i}", [], Tokens(200), Long)))];
        go.Set();
        await first;
        DeviceBusyException busy = await Assert.ThrowsAsync<DeviceBusyException>(() => Task.WhenAll(rest));
        Assert.InRange(busy.RetryAfter, TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(13));
        Assert.Equal(1, rest.Count(turn => turn.IsFaulted));
    }

    private static int[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(i => 20 + (i * 7 % 900))];
}
