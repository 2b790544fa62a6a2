namespace KVCluster.Grains.Tests.Cluster;

/// <summary>One session on one silo: turns, records, refusals.</summary>
public sealed class SessionGrainTests(NeedleModel needle) : ScriptedFixture(needle)
{
    [Fact]
    public async Task A_turn_adds_prompt_and_answer_to_the_history()
    {
        (GrainCluster cluster, ISessionGrain session, _) = await OneAsync();
        TurnResult first = await session.SayAsync([1, 2, 3]);
        TurnResult second = await session.SayAsync([4]);
        Assert.Equal((0, 3, 4), (first.HistoryTokens, first.PromptTokens, first.AnswerTokens));
        Assert.Equal((7, 1, 4, 7), (second.HistoryTokens, second.PromptTokens, second.AnswerTokens, second.CachedTokens));
        int[] expected = Turns.Answered(Turns.Answered([], [1, 2, 3], 4), [4], 4);
        await session.HasHistoryAsync(expected);
        SessionState state = cluster.States.Session("t/s")!;
        Assert.Equal(expected, TokenBytes.Decode(state.Tokens, state.Count));
    }

    [Fact]
    public async Task The_state_is_written_once_a_turn_and_before_the_acknowledgement()
    {
        (GrainCluster cluster, ISessionGrain session, _) = await OneAsync();
        int before = cluster.States.SessionWrites;
        int index = cluster.States.IndexWrites;
        await foreach (TokenChunk chunk in session.Generate(Turns.Request([1], answer: 20)))
        {
            if (chunk.Result is { } result)
            {
                Assert.Equal(result.TotalTokens, cluster.States.Session("t/s")!.Count);
            }
            else
            {
                // The reader may be behind the turn's end, but never ahead of the write that acknowledges it.
                Assert.InRange(cluster.States.SessionWrites, before, before + 1);
            }
        }

        Assert.Equal(before + 1, cluster.States.SessionWrites);
        Assert.Equal(index, cluster.States.IndexWrites);
    }

    [Fact]
    public async Task Appending_reads_without_answering()
    {
        (_, ISessionGrain session, ScriptedWorker worker) = await OneAsync();
        TurnResult result = await session.Append(new AppendRequest { Prompt = Prompt.OfTokens(1, 2) });
        Assert.Equal((TurnFinish.Appended, 2, 0, ""), (result.Finish, result.PromptTokens, result.AnswerTokens, result.Text));
        Assert.Equal([1, 2], worker.TokensOf(new("t", "s")));
        await session.HasHistoryAsync([1, 2]);
    }

    [Fact]
    public async Task An_unknown_session_is_named_by_every_call()
    {
        GrainCluster cluster = await StartAsync(1);
        ISessionGrain session = cluster.Session("nobody");
        Func<Task>[] calls =
        [
            () => session.SayAsync([1]),
            () => session.Append(new AppendRequest { Prompt = Prompt.OfTokens(1) }),
            () => session.Cancel(),
            () => session.Describe(),
            () => session.ReadHistory(0, 1),
            () => session.Fork(new ForkRequest { Session = "other" }),
            () => session.Move("node-0"),
            () => session.Close(),
        ];
        foreach (Func<Task> call in calls)
        {
            var error = await Assert.ThrowsAsync<SessionNotFoundException>(call);
            Assert.Contains("t/nobody", error.Message);
        }

        Assert.Null(cluster.States.Session("t/nobody"));
    }

    [Fact]
    public async Task A_bad_key_is_refused_and_nothing_is_stored()
    {
        GrainCluster cluster = await StartAsync(1);
        ISessionGrain session = cluster.Engine.Client.GetGrain<ISessionGrain>("no slash");
        await Assert.ThrowsAsync<InvalidRequestException>(() => session.Create(new SessionOptions()));
        await Assert.ThrowsAsync<SessionNotFoundException>(() => session.Describe());
        Assert.Equal(0, cluster.States.SessionWrites);
    }

    [Fact]
    public async Task Creating_again_is_the_same_session_and_with_other_options_is_refused()
    {
        (_, ISessionGrain session, _) = await OneAsync(new SessionOptions { Priority = 1 });
        SessionInfo again = await session.Create(new SessionOptions { Priority = 1 });
        Assert.Equal(1, again.Epoch);
        await Assert.ThrowsAsync<SessionExistsException>(() => session.Create(new SessionOptions { Priority = 2 }));
        await Assert.ThrowsAsync<InvalidRequestException>(
            () => session.Create(new SessionOptions { Sampling = new SamplingSettings { TopP = 7 } }));
    }

    [Fact]
    public async Task A_caller_that_leaves_while_its_session_is_made_or_closed_leaves_the_index_right()
    {
        GrainCluster cluster = await StartAsync(1);
        ITenantIndexGrain index = cluster.Engine.Client.GetGrain<ITenantIndexGrain>("t");
        ISessionGrain session = cluster.Session("s");

        await LeaveAsync(gone => session.Create(new SessionOptions(), gone));
        await CountIsAsync(1);
        await LeaveAsync(session.Close);
        await CountIsAsync(0);

        async Task LeaveAsync(Func<CancellationToken, Task> call)
        {
            using var leave = new CancellationTokenSource();
            cluster.States.BeforeWrite = _ => leave.CancelAsync();
            await Record.ExceptionAsync(() => call(leave.Token).WaitAsync(Turns.Patience));
            Assert.True(leave.IsCancellationRequested);
            cluster.States.BeforeWrite = null;
        }

        // The caller is told at once; what it began goes on.
        async Task CountIsAsync(int expected)
        {
            using var patience = new CancellationTokenSource(Turns.Patience);
            while (await index.Count() != expected)
            {
                await Task.Delay(5, patience.Token);
            }
        }
    }

    [Fact]
    public async Task A_closed_session_is_gone_for_good_with_everything_it_had()
    {
        (GrainCluster cluster, ISessionGrain session, ScriptedWorker worker) = await OneAsync();
        await session.SayAsync([.. Enumerable.Range(0, 64)]);
        await worker.SaveAsync(new("t", "s"), 1, CancellationToken.None);
        Assert.Single(Cold.Sessions);
        await session.Close();
        await session.Close();
        await Assert.ThrowsAsync<SessionClosedException>(() => session.SayAsync([1]));
        await Assert.ThrowsAsync<SessionClosedException>(() => session.Create(new SessionOptions()));
        await Assert.ThrowsAsync<SessionClosedException>(() => session.HistoryAsync());
        Assert.Equal(SessionPhase.Closed, (await session.Describe()).Phase);
        Assert.Empty(worker.Resident);
        Assert.Empty(Cold.Sessions);
        Assert.Empty(cluster.States.Session("t/s")!.Tokens);
        Assert.Equal(0, await cluster.Engine.Client.GetGrain<ITenantIndexGrain>("t").Count());
    }

    [Fact]
    public async Task While_a_turn_runs_another_is_refused_and_descriptions_are_not()
    {
        (_, ISessionGrain session, ScriptedWorker worker) = await OneAsync();
        (Task reached, Action release) = Hold(worker, 2);
        Task<TurnResult> turn = session.SayAsync([1]);
        await reached;
        await Assert.ThrowsAsync<SessionBusyException>(() => session.SayAsync([2]));
        await Assert.ThrowsAsync<SessionBusyException>(() => session.Append(new AppendRequest { Prompt = Prompt.OfTokens(1) }));
        await Assert.ThrowsAsync<SessionBusyException>(() => session.Close());
        await Assert.ThrowsAsync<SessionBusyException>(() => session.Fork(new ForkRequest { Session = "f" }));
        await Assert.ThrowsAsync<SessionBusyException>(() => session.Move("node-0"));
        Assert.Equal(SessionPhase.Generating, (await session.Describe()).Phase);
        Assert.Empty(await session.HistoryAsync());
        release();
        Assert.Equal(4, (await turn).AnswerTokens);
        Assert.Equal(SessionPhase.Idle, (await session.Describe()).Phase);
    }

    [Fact]
    public async Task The_same_key_and_request_run_once()
    {
        (_, ISessionGrain session, _) = await OneAsync();
        TurnResult first = await session.SayAsync([1, 2], key: "k");
        await session.SayAsync([3]);
        int[] history = await session.HistoryAsync();
        TurnResult again = await session.SayAsync([1, 2], key: "k");
        Assert.True(again.IsRepeated);
        Assert.Equal(
            (first.Text, first.Finish, first.AnswerTokens, first.Seed), (again.Text, again.Finish, again.AnswerTokens, again.Seed));
        await session.HasHistoryAsync(history);
        TurnResult appended = await session.Append(new AppendRequest { Prompt = Prompt.OfTokens(9), IdempotencyKey = "a" });
        Assert.Equal(
            appended.TotalTokens,
            (await session.Append(new AppendRequest { Prompt = Prompt.OfTokens(9), IdempotencyKey = "a" })).TotalTokens);
        Assert.Equal(history.Length + 1, (await session.HistoryAsync()).Length);
    }

    [Fact]
    public async Task The_same_key_with_another_request_is_a_conflict()
    {
        (_, ISessionGrain session, _) = await OneAsync();
        await session.SayAsync([1, 2], key: "k");
        await Assert.ThrowsAsync<IdempotencyConflictException>(() => session.SayAsync([1, 3], key: "k"));
        await Assert.ThrowsAsync<IdempotencyConflictException>(
            () => session.Append(new AppendRequest { Prompt = Prompt.OfTokens(1, 2), IdempotencyKey = "k" }));
    }

    [Fact]
    public async Task A_prompt_beyond_the_token_budget_is_refused_and_an_answer_is_clipped_to_it()
    {
        (_, ISessionGrain session, _) = await OneAsync(new SessionOptions { TokenBudget = 10 });
        await Assert.ThrowsAsync<TokenBudgetException>(() => session.SayAsync([.. Enumerable.Range(0, 11)]));
        await Assert.ThrowsAsync<TokenBudgetException>(() => session.SayAsync([.. Enumerable.Range(0, 10)]));
        TurnResult result = await session.SayAsync([1, 2, 3, 4], answer: 100);
        Assert.Equal((6, TurnFinish.ContextFull), (result.AnswerTokens, result.Finish));
        await Assert.ThrowsAsync<TokenBudgetException>(() => session.Append(new AppendRequest { Prompt = Prompt.OfTokens(1) }));
        Assert.Equal(10, (await session.HistoryAsync()).Length);
    }

    [Fact]
    public async Task Bad_requests_fail_with_their_fault_and_leave_the_session_as_it_was()
    {
        (_, ISessionGrain session, _) = await OneAsync();
        var request = new GenerateRequest { Prompt = Prompt.OfTokens(1), Sampling = new SamplingSettings { Temperature = -1 } };
        var error = await Assert.ThrowsAsync<InvalidRequestException>(() => session.RunAsync(request));
        Assert.Contains("Temperature", error.Message);
        await Assert.ThrowsAsync<InvalidRequestException>(() => session.RunAsync(new GenerateRequest { Prompt = new Prompt() }));
        await Assert.ThrowsAsync<InvalidRequestException>(() => session.RunAsync(new GenerateRequest()));
        await Assert.ThrowsAsync<InvalidRequestException>(() => session.ReadHistory(-1, 2));
        await session.SayAsync([1]);
        Assert.Equal(1, (await session.Describe()).Turns);
    }

    [Fact]
    public async Task Sampling_comes_from_the_request_then_the_session()
    {
        (_, ISessionGrain session, _) = await OneAsync(new SessionOptions { Sampling = new SamplingSettings { MaxTokens = 3 } });
        Assert.Equal(3, (await session.RunAsync(new GenerateRequest { Prompt = Prompt.OfTokens(1) })).AnswerTokens);
        Assert.Equal(5, (await session.SayAsync([1], answer: 5)).AnswerTokens);
    }

    [Fact]
    public async Task A_whole_conversation_goes_on_where_it_agrees_and_says_where_it_does_not()
    {
        (_, ISessionGrain session, _) = await OneAsync();
        await session.SayAsync([1, 2]);
        int[] history = await session.HistoryAsync();
        GenerateRequest whole = Turns.Request([], answer: 1) with { Prompt = Prompt.OfConversation([.. history, 50]) };
        TurnResult result = await session.RunAsync(whole);
        Assert.Equal((6, 1), (result.HistoryTokens, result.PromptTokens));
        var other = new GenerateRequest { Prompt = Prompt.OfConversation(1, 2, 999) };
        Assert.Equal(2, (await Assert.ThrowsAsync<HistoryMismatchException>(() => session.RunAsync(other))).CommonTokens);
    }
}
