using KVCluster.Worker.Serving;

namespace KVCluster.Grains.Tests.Cluster;

/// <summary>Calls that come while the session's state is being written: each goes on from what the one before it has made durable.</summary>
public sealed class SharedWriteTests(NeedleModel needle) : ScriptedFixture(needle)
{
    [Fact]
    public async Task A_pin_that_comes_while_a_turn_is_written_takes_nothing_from_the_turn()
    {
        await using DeviceCluster cluster = await DeviceCluster.StartAsync(1, () => NeedleModel.Open(contextTokens: 1024));
        ISessionGrain session = cluster.Session("s");
        await session.Create(new SessionOptions());
        (Task writing, Action release) = HoldWrites(cluster.Grains.States);
        Task<TurnResult> turn = session.Append(new AppendRequest { Prompt = Prompt.OfTokens(1, 2) });
        await writing;
        Task<SessionInfo> pin = session.Pin(new PinRequest { Duration = TimeSpan.FromHours(1) });
        await DevicePinnedAsync(cluster);
        await session.Describe();
        release();
        Assert.Equal(2, (await turn).TotalTokens);
        await pin;
        SessionState stored = cluster.Grains.States.Session("t/s")!;
        Assert.Equal((1, 2), (stored.Turns, stored.Count));
        Assert.NotNull(stored.PinnedUntil);
    }

    [Fact]
    public async Task A_pin_that_comes_while_a_session_is_closed_does_not_open_it_again()
    {
        await using DeviceCluster cluster = await DeviceCluster.StartAsync(1, () => NeedleModel.Open(contextTokens: 1024));
        ISessionGrain session = cluster.Session("s");
        await session.Create(new SessionOptions());
        (Task writing, Action release) = HoldWrites(cluster.Grains.States);
        Task close = session.Close();
        await writing;
        Task<SessionInfo> pin = session.Pin(new PinRequest { Duration = TimeSpan.FromHours(1) });
        await DevicePinnedAsync(cluster);
        await session.Describe();
        release();
        await close.WaitAsync(Turns.Patience);
        await Assert.ThrowsAsync<SessionClosedException>(() => pin);
        Assert.True(cluster.Grains.States.Session("t/s")!.IsClosed);
    }

    [Fact]
    public async Task Of_two_seeds_that_come_to_one_session_at_once_one_is_told_that_it_exists()
    {
        GrainCluster cluster = await StartAsync(1);
        ISessionGrain session = cluster.Session("s");
        (Task writing, Action release) = HoldWrites(cluster.States);
        Task<SessionInfo> first = session.Adopt(Seed(1));
        await writing;
        Task<SessionInfo> second = session.Adopt(Seed(2));
        await Assert.ThrowsAsync<SessionNotFoundException>(() => session.Describe());
        release();
        Assert.Equal(1, (await first).Tokens);
        await Assert.ThrowsAsync<SessionExistsException>(() => second);
        await session.HasHistoryAsync([1]);
    }

    private SessionSeed Seed(int token) => new()
    {
        Parent = "parent",
        Options = new SessionOptions(),
        Model = Needle.Model.Fingerprint,
        Tokens = TokenBytes.Append([], [token]),
        Count = 1,
    };

    /// <summary>Every write waits until the second part is called; the first ends when one has come.</summary>
    private static (Task Writing, Action Release) HoldWrites(StateStore states)
    {
        var writing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        states.BeforeWrite = _ =>
        {
            writing.TrySetResult();
            return released.Task;
        };
        return (writing.Task.WaitAsync(Turns.Patience), released.SetResult);
    }

    private static async Task DevicePinnedAsync(DeviceCluster cluster)
    {
        using var patience = new CancellationTokenSource(Turns.Patience);
        while (await cluster.Grains.Worker<DeviceWorker>("node-0").DescribeAsync(new("t", "s"), patience.Token) is not { PinnedFor: not null })
        {
            await Task.Yield();
        }
    }
}
