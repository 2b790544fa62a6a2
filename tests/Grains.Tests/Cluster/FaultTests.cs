using KVCluster.Worker.Serving;

namespace KVCluster.Grains.Tests.Cluster;

/// <summary>Devices, stores and clocks that fail.</summary>
public sealed class FaultTests(NeedleModel needle) : ScriptedFixture(needle)
{
    [Fact]
    public async Task A_busy_device_says_when_to_try_again()
    {
        (_, ISessionGrain session, ScriptedWorker worker) = await OneAsync();
        worker.Step = (_, _) => throw new DeviceBusyException("full", TimeSpan.FromSeconds(3));
        var error = await Assert.ThrowsAsync<DeviceOverloadedException>(() => session.SayAsync([1]));
        Assert.Equal(TimeSpan.FromSeconds(3), error.RetryAfter);
        worker.Step = null;
        Assert.Equal(5, (await session.SayAsync([1])).TotalTokens);
    }

    [Fact]
    public async Task A_worker_that_fails_in_mid_turn_leaves_no_turn_and_the_session_goes_on_elsewhere()
    {
        GrainCluster cluster = await StartAsync(2);
        ISessionGrain session = cluster.Session("s");
        SessionInfo info = await session.Create(new SessionOptions());
        await session.SayAsync([1]);
        int[] before = await session.HistoryAsync();
        ScriptedWorker worker = cluster.Worker<ScriptedWorker>(info.Node);
        worker.Step = (_, made) =>
        {
            worker.Failure = made == 2 ? new DeviceFailedException("cpu:0", new InvalidOperationException("broken")) : null;
            return Task.CompletedTask;
        };
        var error = await Assert.ThrowsAsync<SessionUnavailableException>(() => session.SayAsync([2]));
        Assert.Contains("broken", error.Message);
        await cluster.ReportAsync();
        await session.HasHistoryAsync(before);
        Assert.NotEqual(info.Node, (await session.Describe()).Node);
        Assert.Equal(before.Length + 5, (await session.SayAsync([2])).TotalTokens);
    }

    /// <summary>On Orleans a call goes to where the silo that takes it in last saw the session, and asks no director where that has ended.</summary>
    [Fact]
    public async Task Sessions_leave_a_failed_device_also_where_nothing_of_them_is_active_when_they_are_asked()
    {
        GrainCluster cluster = await StartAsync(2);
        List<ISessionGrain> stranded = [];
        string failed = cluster.Nodes.First();
        for (int i = 0; i < 12; i++)
        {
            ISessionGrain session = cluster.Session($"s{i}");
            if ((await session.Create(new SessionOptions())).Node == failed)
            {
                stranded.Add(session);
            }

            await session.SayAsync([1]);
        }

        cluster.Worker<ScriptedWorker>(failed).Failure = new DeviceFailedException("cpu:0", new InvalidOperationException("broken"));
        await cluster.ReportAsync();
        Assert.NotEmpty(stranded);
        const int Tries = 3;
        for (int attempt = 1; attempt <= Tries && stranded.Count > 0; attempt++)
        {
            await cluster.DeactivateAllAsync(Time);
            foreach (ISessionGrain session in stranded.ToArray())
            {
                try
                {
                    Assert.NotEqual(failed, (await session.Describe()).Node);
                    Assert.Equal(10, (await session.SayAsync([2])).TotalTokens);
                    stranded.Remove(session);
                }
                catch (SessionUnavailableException)
                {
                    // It makes way; nobody asks again before it is gone.
                }
            }
        }

        Assert.Empty(stranded);
    }

    [Fact]
    public async Task An_unexpected_error_of_the_worker_is_no_silent_loss()
    {
        (_, ISessionGrain session, ScriptedWorker worker) = await OneAsync();
        worker.Step = (_, made) => made == 1 ? throw new InvalidOperationException("odd") : Task.CompletedTask;
        var error = await Assert.ThrowsAsync<SessionUnavailableException>(() => session.SayAsync([1]));
        Assert.Contains("odd", error.Message);
        worker.Step = null;
        Assert.Equal(5, (await session.InsistAsync(s => s.SayAsync([1]))).TotalTokens);
        Assert.Equal(0, worker.Running);
    }

    [Fact]
    public async Task A_full_state_store_fails_the_turn_which_then_is_absent()
    {
        (GrainCluster cluster, ISessionGrain session, ScriptedWorker worker) = await OneAsync();
        await session.SayAsync([1]);
        int[] before = await session.HistoryAsync();
        cluster.States.BeforeWrite = state => state.Turns == 2 ? throw new IOException("no space left") : Task.CompletedTask;
        var error = await Assert.ThrowsAsync<SessionUnavailableException>(() => session.SayAsync([2], key: "k"));
        Assert.Contains("no space left", error.Message);
        cluster.States.BeforeWrite = null;
        await session.HasHistoryAsync(before);
        TurnResult again = await session.SayAsync([2], key: "k");
        Assert.False(again.IsRepeated);
        Assert.Equal(before.Length + 5, again.TotalTokens);
        Assert.Equal(0, worker.Running);
    }

    [Fact]
    public async Task A_slow_state_store_delays_the_acknowledgement_and_nothing_else()
    {
        (GrainCluster cluster, ISessionGrain session, _) = await OneAsync();
        var writing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var slow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.States.BeforeWrite = _ =>
        {
            writing.TrySetResult();
            return slow.Task;
        };
        Task<TurnResult> turn = session.SayAsync([1]);
        await writing.Task.WaitAsync(Turns.Patience);
        Assert.Empty(await session.HistoryAsync());
        await Assert.ThrowsAsync<SessionBusyException>(() => session.SayAsync([2]));
        Assert.False(turn.IsCompleted);
        slow.SetResult();
        Assert.Equal(5, (await turn).TotalTokens);
    }

    [Fact]
    public async Task A_write_that_takes_too_long_has_an_unknown_outcome_which_the_key_settles()
    {
        (GrainCluster cluster, ISessionGrain session, _) = await OneAsync(
            configure: options => options.StateTimeout = TimeSpan.FromSeconds(10));
        var writing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var late = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.States.BeforeWrite = state =>
        {
            if (state is not { Turns: 1, Epoch: 1 })
            {
                return Task.CompletedTask;
            }

            writing.TrySetResult();
            return late.Task;
        };

        // An append, whose caller waits longer than the clock is moved.
        var request = new AppendRequest { Prompt = Prompt.OfTokens(1), IdempotencyKey = "k" };
        Task<TurnResult> turn = session.Append(request);
        await writing.Task.WaitAsync(Turns.Patience);

        // The wait for the write begins within the grain's step, right behind the call seen above.
        using var patience = new CancellationTokenSource(Turns.Patience);
        while (!turn.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            Time.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }

        var error = await Assert.ThrowsAsync<SessionUnavailableException>(() => turn);
        Assert.Contains("not known", error.Message);
        late.SetResult();
        TurnResult again = await session.InsistAsync(s => s.Append(request));
        await session.HasHistoryAsync([1]);
        Assert.Equal(1, again.TotalTokens);
    }

    [Fact]
    public async Task Of_two_activations_the_older_can_write_nothing()
    {
        (GrainCluster cluster, ISessionGrain session, ScriptedWorker worker) = await OneAsync();
        await session.SayAsync([1]);
        SessionState stored = cluster.States.Session("t/s")!;
        (Task reached, Action release) = Hold(worker, 2);
        Task<TurnResult> old = session.SayAsync([2]);
        await reached;

        // Another activation, somewhere: it raised the epoch and made a turn of its own.
        cluster.States.Replace("t/s", stored with
        {
            Epoch = stored.Epoch + 1,
            Tokens = TokenBytes.Append(stored.Tokens, [77]),
            Count = stored.Count + 1,
        });
        release();
        await Assert.ThrowsAsync<SessionUnavailableException>(() => old);
        await session.HasHistoryAsync([.. Turns.Answered([], [1], 4), 77]);
        Assert.Equal(stored.Epoch + 2, (await session.Describe()).Epoch);
    }

    [Fact]
    public async Task A_turn_of_an_older_epoch_ends_when_a_later_one_is_seen_at_the_device()
    {
        (_, ISessionGrain session, ScriptedWorker worker) = await OneAsync();
        (Task reached, _) = Hold(worker, 2);
        Task<TurnResult> old = session.SayAsync([2]);
        await reached;
        await worker.FenceAsync(new("t", "s"), 2, CancellationToken.None);
        await Assert.ThrowsAsync<SessionUnavailableException>(() => old);
        worker.Step = null;
        Assert.Equal(5, (await session.InsistAsync(s => s.SayAsync([2]))).TotalTokens);
    }

    [Fact]
    public async Task A_silo_killed_in_mid_turn_leaves_no_turn_and_the_session_goes_on_elsewhere()
    {
        GrainCluster cluster = await StartAsync(2);
        ISessionGrain session = cluster.Session("s");
        SessionInfo info = await session.Create(new SessionOptions());
        await session.SayAsync([1]);
        int[] before = await session.HistoryAsync();
        (Task reached, _) = Hold(cluster.Worker<ScriptedWorker>(info.Node), 2);
        Task<TurnResult> turn = session.SayAsync([2], key: "k");
        await reached;
        await cluster.KillAsync(info.Node);
        await Assert.ThrowsAnyAsync<Exception>(() => turn.WaitAsync(Turns.Patience));
        await session.HasHistoryAsync(before);
        TurnResult again = await session.SayAsync([2], key: "k");
        Assert.False(again.IsRepeated);
        Assert.Equal(before.Length + 5, again.TotalTokens);
        Assert.NotEqual(info.Node, (await session.Describe()).Node);
    }

    [Fact]
    public async Task Jumps_of_the_date_disturb_nothing()
    {
        GrainCluster cluster = await StartAsync(1);
        ISessionGrain session = cluster.Session("s");
        await session.Create(new SessionOptions());
        await session.SayAsync([1]);
        Time.SetDate(Time.GetUtcNow().AddYears(30));
        await session.SayAsync([2]);
        Time.SetDate(Time.GetUtcNow().AddYears(-60));
        await session.SayAsync([3]);
        SessionInfo info = await session.Describe();
        Assert.Equal((15, 3, Time.GetUtcNow()), (info.Tokens, info.Turns, info.LastUsed));
        await cluster.ReportAsync();
        Assert.Single(await cluster.Engine.Client.GetGrain<IDeviceDirectoryGrain>(0).List());
    }

    [Fact]
    public async Task A_session_of_another_model_is_refused_by_name()
    {
        (GrainCluster cluster, ISessionGrain session, _) = await OneAsync();
        await session.SayAsync([1]);
        cluster.States.Replace("t/other", cluster.States.Session("t/s")! with { Model = "another" });
        ISessionGrain other = cluster.Session("other");
        var error = await Assert.ThrowsAsync<ModelMismatchException>(() => other.SayAsync([1]));
        Assert.Contains("another", error.Message);
        Assert.Equal(5, (await other.Describe()).Tokens);
    }
}
