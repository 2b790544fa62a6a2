namespace KVCluster.Grains.Tests.Cluster;

/// <summary>Turns that are ended by their caller, and turns that are left.</summary>
public sealed class CancelTests(NeedleModel needle) : ScriptedFixture(needle)
{
    [Fact]
    public async Task A_cancelled_answer_is_a_whole_turn()
    {
        (_, ISessionGrain session, ScriptedWorker worker) = await OneAsync();
        (Task reached, _) = Hold(worker, 2);
        Task<TurnResult> turn = session.SayAsync([1], answer: 50, key: "k");
        await reached;
        Assert.True(await session.Cancel());
        TurnResult result = await turn;
        Assert.Equal((TurnFinish.Cancelled, 2), (result.Finish, result.AnswerTokens));
        await session.HasHistoryAsync(Turns.Answered([], [1], 2));
        Assert.True((await session.SayAsync([1], answer: 50, key: "k")).IsRepeated);
        Assert.False(await session.Cancel());
    }

    [Fact]
    public async Task Cancelled_while_the_prompt_is_read_the_turn_is_whole_without_an_answer()
    {
        (_, ISessionGrain session, ScriptedWorker worker) = await OneAsync();
        (Task reached, _) = Hold(worker, -1);
        Task<TurnResult> turn = session.SayAsync([1, 2]);
        await reached;
        Assert.True(await session.Cancel());
        TurnResult result = await turn;
        Assert.Equal((TurnFinish.Cancelled, 0), (result.Finish, result.AnswerTokens));
        await session.HasHistoryAsync([1, 2]);
    }

    [Fact]
    public async Task A_turn_whose_reader_leaves_never_was()
    {
        (GrainCluster cluster, ISessionGrain session, ScriptedWorker worker) = await OneAsync();
        await session.SayAsync([1]);
        int[] before = await session.HistoryAsync();
        int writes = cluster.States.SessionWrites;
        (Task reached, Action release) = Hold(worker, 3);
        await foreach (TokenChunk chunk in session.Generate(Turns.Request([2], answer: 50, key: "k")))
        {
            if (worker.Running == 1)
            {
                break;
            }
        }

        release();
        await WaitAsync(async () => (await session.Describe()).Phase == SessionPhase.Idle);
        await session.HasHistoryAsync(before);
        Assert.Equal(before, worker.TokensOf(new("t", "s")));
        Assert.Equal(writes, cluster.States.SessionWrites);
        Assert.False((await session.SayAsync([2], answer: 50, key: "k")).IsRepeated);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_turn_cancelled_by_its_token_never_was(int step)
    {
        (_, ISessionGrain session, ScriptedWorker worker) = await OneAsync();
        (Task reached, _) = Hold(worker, step);
        using var cancel = new CancellationTokenSource();
        Task turn = Task.Run(async () =>
        {
            await foreach (TokenChunk _ in session.Generate(Turns.Request([1]), cancel.Token))
            {
            }
        });
        await reached;
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => turn.WaitAsync(Turns.Patience));
        worker.Step = null;
        await WaitAsync(async () => (await session.Describe()).Phase is SessionPhase.Idle or SessionPhase.Cold);
        Assert.Empty(await session.HistoryAsync());
        Assert.Equal(5, (await session.SayAsync([1])).TotalTokens);
    }

    [Fact]
    public async Task An_append_cancelled_by_its_token_never_was()
    {
        (_, ISessionGrain session, ScriptedWorker worker) = await OneAsync();
        (Task reached, _) = Hold(worker, -1);
        using var cancel = new CancellationTokenSource();
        Task append = session.Append(new AppendRequest { Prompt = Prompt.OfTokens(1) }, cancel.Token);
        await reached;
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => append.WaitAsync(Turns.Patience));
        await WaitAsync(async () => (await session.Describe()).Phase is SessionPhase.Idle or SessionPhase.Cold);
        Assert.Empty(await session.HistoryAsync());
    }

    [Fact]
    public async Task A_request_sent_again_takes_the_place_of_one_that_nobody_reads()
    {
        (_, ISessionGrain session, _) = await OneAsync();
        GenerateRequest request = Turns.Request([1], answer: 200, key: "k");
        await using IAsyncEnumerator<TokenChunk> absent = session.Generate(request).GetAsyncEnumerator();
        Assert.True(await absent.MoveNextAsync());
        await Assert.ThrowsAsync<SessionBusyException>(() => session.RunAsync(request));
        Time.Advance(TimeSpan.FromSeconds(3));
        await Assert.ThrowsAsync<SessionBusyException>(() => session.SayAsync([2]));
        await Assert.ThrowsAsync<IdempotencyConflictException>(() => session.RunAsync(Turns.Request([2], answer: 200, key: "k")));
        TurnResult result = await session.RunAsync(request);
        Assert.Equal((200, false), (result.AnswerTokens, result.IsRepeated));
        Exception late = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            while (await absent.MoveNextAsync())
            {
            }
        });
        Assert.True(Turns.IsTransient(late), late.ToString());
        await session.HasHistoryAsync(Turns.Answered([], [1], 200));
    }

    /// <summary>Asks until it is so: what the other side of a lost connection does has no other sign.</summary>
    private static async Task WaitAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Turns.Patience);
        while (!await condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
