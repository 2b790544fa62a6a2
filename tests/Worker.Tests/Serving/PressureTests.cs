using KVCluster.Inference.Kv;
using KVCluster.Inference.Sampling;
using KVCluster.Storage;
using KVCluster.Worker.Serving;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>More sessions than the arena holds at once.</summary>
public sealed class PressureTests
{
    private static readonly SamplingOptions Long = NeedleFixture.Greedy with { MaxTokens = 300, Temperature = 50, Seed = 9 };

    [Fact]
    public async Task The_cache_unused_longest_leaves_for_a_turn_that_needs_room()
    {
        await using var serving = new ServingFixture(contextTokens: 1024);
        await serving.Run(serving.Append("old", [], Tokens(300)));
        await serving.Run(serving.Append("middle", [], Tokens(300)));
        await serving.Run(serving.Append("old", Tokens(300), [5]));
        await serving.Run(serving.Append("new", [], Tokens(500)));
        Assert.Equal(ResidentState.Cold, (await serving.Describe("middle"))!.State);
        Assert.Equal(301, (await serving.Describe("old"))!.Tokens);
        Assert.Equal(500, (await serving.Describe("new"))!.Tokens);
    }

    [Fact]
    public async Task What_leaves_is_saved_first_and_comes_back_through_the_store()
    {
        var store = new MemorySnapshotStore();
        DeviceWorkerOptions options = ServingFixture.Plain with { AssumedLoadBytesPerSecond = 1e12 };
        await using var serving = new ServingFixture(options, store, contextTokens: 1024);
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        await serving.Run(serving.Append("b", [], Tokens(900)));
        Assert.Equal(ResidentState.Cold, (await serving.Describe("a"))!.State);
        Assert.Equal(1, store.Saves);

        TurnEnd back = await serving.Run(serving.Turn("a", document, []));
        Assert.Equal(NeedleFixture.Answer, back.Completion!.Text);
        Assert.Equal((AttachSource.Loaded, null), (back.Attach.Source, back.Attach.Miss));
        Assert.Equal(document.Length - 1, back.Attach.CachedTokens);
        Assert.True(back.Attach.LoadedBytes > 0 && back.Attach.PredictedSeconds > 0);
        Assert.True(serving.Worker.Status().LoadBytesPerSecond > 0);
        Assert.Equal(2, store.Saves);
    }

    [Fact]
    public async Task Logits_after_a_load_are_those_before_it()
    {
        var store = new MemorySnapshotStore();
        DeviceWorkerOptions options = ServingFixture.Plain with { AssumedLoadBytesPerSecond = 1e12 };
        await using var serving = new ServingFixture(options, store);
        int[] document = serving.Document();
        SamplingOptions probe = NeedleFixture.Greedy with { MaxTokens = 1, LogProbabilities = 20 };
        await serving.Run(serving.Append("a", [], document));
        GeneratedPiece before = await First(serving.Turn("a", document, [], probe));
        EvictReport report = await serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default);
        Assert.Equal(SaveOutcome.Published, report.Saved!.Outcome);
        Assert.Equal(report.Saved.StoredBytes, report.FreedBytes);
        serving.AssertUntouched();
        GeneratedPiece after = await First(serving.Turn("a", document, [], probe));
        Assert.Equal(1, store.Loads);
        Assert.Equal(before.TopLogProbabilities, after.TopLogProbabilities);

        async Task<GeneratedPiece> First(TurnRequest request)
        {
            GeneratedPiece piece = default;
            await serving.Run(request, p => piece = p.Piece);
            return piece;
        }
    }

    [Fact]
    public async Task A_store_that_fails_costs_only_the_recomputation()
    {
        var store = new MemorySnapshotStore { Gate = (_, _) => throw new IOException("gone") };
        await using var serving = new ServingFixture(store: store, contextTokens: 1024);
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        Assert.Equal(SaveOutcome.Unavailable, (await serving.Worker.SaveAsync(ServingFixture.Key("a"), 1, default))!.Outcome);
        await serving.Run(serving.Append("b", [], Tokens(900)));
        TurnEnd back = await serving.Run(serving.Turn("a", document, []));
        Assert.Equal(NeedleFixture.Answer, back.Completion!.Text);
        Assert.Equal((AttachSource.Recomputed, MissCause.Unavailable), (back.Attach.Source, back.Attach.Miss));
        Assert.Equal(document.Length, back.Attach.RecomputedTokens);
    }

    [Fact]
    public async Task A_store_that_hangs_is_given_up_and_the_device_serves_others_meanwhile()
    {
        var time = new ServingTime();
        var asked = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var store = new MemorySnapshotStore
        {
            // Deaf to cancellation too.
            Gate = (_, _) =>
            {
                asked.TrySetResult();
                return release.Task;
            },
        };
        await using var serving = new ServingFixture(ServingFixture.Plain with { Time = time }, store);
        int[] document = serving.Document();
        Task<TurnEnd> stuck = serving.Run(serving.Turn("a", document, []));
        await asked.Task.WaitAsync(ServingFixture.Patience);
        Assert.Equal(NeedleFixture.Answer, (await serving.Run(serving.Turn("b", [], document))).Completion!.Text);
        Assert.False(stuck.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(3));
        TurnEnd end = await stuck;
        Assert.Equal(MissCause.Unavailable, end.Attach.Miss);
        Assert.Equal(NeedleFixture.Answer, end.Completion!.Text);
        release.SetResult();
    }

    [Fact]
    public async Task A_load_that_hangs_keeps_its_pages_until_the_store_lets_go()
    {
        var time = new ServingTime();
        var loading = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var store = new MemorySnapshotStore();
        await using var serving = new ServingFixture(ServingFixture.Plain with { Time = time, AssumedLoadBytesPerSecond = 1e12 }, store);
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        await serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default);
        store.Gate = (what, _) =>
        {
            if (what != "load")
            {
                return Task.CompletedTask;
            }

            loading.TrySetResult();
            return release.Task;
        };
        try
        {
            Task<TurnEnd> turn = serving.Run(serving.Turn("a", document, []));
            await loading.Task.WaitAsync(ServingFixture.Patience);
            time.Advance(TimeSpan.FromMinutes(2));
            TurnEnd end = await turn;
            Assert.Equal((AttachSource.Recomputed, MissCause.Unavailable), (end.Attach.Source, end.Attach.Miss));
            Assert.Equal(NeedleFixture.Answer, end.Completion!.Text);
            await serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: false, default);
            Assert.True(serving.Ledger().PinnedPages > 0);
        }
        finally
        {
            release.SetResult();
        }
    }

    [Fact]
    public async Task Answers_that_outgrow_what_was_set_aside_are_put_back_and_come_out_the_same()
    {
        DeviceWorkerOptions options = ServingFixture.Plain with { AnswerReserveTokens = 16 };
        await using var serving = new ServingFixture(options, contextTokens: 768);
        List<int>[] alone = [[], [], []];
        List<int>[] together = [[], [], []];
        for (int i = 0; i < 3; i++)
        {
            await serving.Run(serving.Turn($"alone{i}", [], Tokens(100 + i), Long), piece => alone[i].Add(piece.Piece.Token));
            await serving.Worker.CloseAsync(ServingFixture.Key($"alone{i}"), 1, false, default);
        }

        // Three answers of 300 tokens after 100 do not fit 768 together.
        TurnEnd[] ends = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => serving.Run(
            serving.Turn($"s{i}", [], Tokens(100 + i), Long), piece => together[i].Add(piece.Piece.Token))));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(FinishReason.MaxTokens, ends[i].Completion!.Reason);
            Assert.Equal(alone[i], together[i]);
            Assert.Equal(alone[i], ends[i].Completion!.Tokens);
        }
    }

    [Fact]
    public async Task Waiting_turns_whose_caches_stand_in_each_others_way_both_get_through()
    {
        DeviceWorkerOptions options = ServingFixture.Plain with { MaxWait = TimeSpan.FromHours(1) };
        await using var serving = new ServingFixture(options, contextTokens: 512, watched: true);
        int[] prompt = Tokens(320);
        await serving.Run(serving.Append("a", [], Tokens(150)));
        await serving.Run(serving.Append("b", [], Tokens(150)));
        using var go = new ManualResetEventSlim();
        var held = new TaskCompletionSource();
        serving.Watched.BeforeForward = _ =>
        {
            held.TrySetResult();
            Assert.True(go.Wait(ServingFixture.Patience));
        };
        Task<TurnEnd> first = serving.Run(serving.Append("c", [], [5, 6]));
        await held.Task.WaitAsync(ServingFixture.Patience);
        Task<TurnEnd>[] both = [serving.Run(serving.Append("a", Tokens(150), prompt)), serving.Run(serving.Append("b", Tokens(150), prompt))];
        go.Set();
        TurnEnd[] ends = await Task.WhenAll(both);
        Assert.Equal(AttachSource.Resident, ends[0].Attach.Source);
        Assert.Equal(AttachSource.Recomputed, ends[1].Attach.Source);
        await first;
    }

    [Fact]
    public async Task Prefetching_brings_a_saved_cache_back_and_does_nothing_where_there_is_none()
    {
        var store = new MemorySnapshotStore();
        await using var serving = new ServingFixture(store: store);
        int[] document = serving.Document();
        await serving.Worker.PrefetchAsync(new AttachRequest(ServingFixture.Key("a"), 1, document), default);
        Assert.Equal(0, store.Loads);
        await serving.Run(serving.Append("a", [], document));
        await serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default);
        await serving.Worker.PrefetchAsync(new AttachRequest(ServingFixture.Key("a"), 1, document), default);
        Assert.Equal((ResidentState.Idle, document.Length), ((await serving.Describe("a"))!.State, (await serving.Describe("a"))!.Tokens));
        Assert.Equal(0, serving.Ledger().PinnedPages);
        TurnEnd end = await serving.Run(serving.Turn("a", document, []));
        Assert.Equal(AttachSource.Resident, end.Attach.Source);
        Assert.Equal(NeedleFixture.Answer, end.Completion!.Text);
    }

    [Theory]
    [InlineData("find")]
    [InlineData("load")]
    public async Task A_cache_that_is_being_prefetched_does_not_come_to_a_device_that_its_session_has_left(string phase)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource();
        var store = new MemorySnapshotStore();
        await using var serving = new ServingFixture(store: store);
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        await serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default);

        // It hangs until it is told that nobody waits any more.
        store.Gate = (what, cancel) =>
        {
            if (what != phase)
            {
                return Task.CompletedTask;
            }

            reached.TrySetResult();
            return release.Task.WaitAsync(cancel);
        };
        Task prefetch = serving.Worker.PrefetchAsync(new AttachRequest(ServingFixture.Key("a"), 1, document), default).AsTask();
        await reached.Task.WaitAsync(ServingFixture.Patience);
        Task<EvictReport> evict = serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default).AsTask();
        EvictReport left = await evict.WaitAsync(ServingFixture.Patience);
        Assert.Null(left.Saved);
        Assert.Equal(phase == "load", left.FreedBytes > 0);
        await prefetch.WaitAsync(ServingFixture.Patience);
        release.SetResult();
        Assert.Equal(ResidentState.Cold, (await serving.Describe("a"))!.State);
        serving.AssertUntouched();
        TurnEnd end = await serving.Run(serving.Turn("a", document, []));
        Assert.Equal((AttachSource.Loaded, NeedleFixture.Answer), (end.Attach.Source, end.Completion!.Text));
    }

    [Fact]
    public async Task Closing_with_its_copies_leaves_none_even_while_a_save_is_under_way()
    {
        var saving = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var store = new MemorySnapshotStore();
        await using var serving = new ServingFixture(store: store);
        await serving.Run(serving.Append("a", [], Tokens(100)));
        store.Gate = (what, _) =>
        {
            if (what == "save")
            {
                saving.TrySetResult();
                return release.Task;
            }

            return Task.CompletedTask;
        };
        Task<SnapshotSave?> save = serving.Worker.SaveAsync(ServingFixture.Key("a"), 1, default).AsTask();
        await saving.Task.WaitAsync(ServingFixture.Patience);
        Task closed = serving.Worker.CloseAsync(ServingFixture.Key("a"), 1, deleteCold: true, default).AsTask();
        release.SetResult();
        await closed.WaitAsync(ServingFixture.Patience);
        await save;
        Assert.Empty(store.Owners);
        serving.AssertUntouched();
    }

    [Fact]
    public async Task A_turn_that_comes_while_its_cache_is_leaving_keeps_it()
    {
        var saving = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var store = new MemorySnapshotStore();
        await using var serving = new ServingFixture(store: store);
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        store.Gate = (_, _) =>
        {
            saving.TrySetResult();
            return release.Task;
        };
        Task<EvictReport> evict = serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default).AsTask();
        await saving.Task.WaitAsync(ServingFixture.Patience);
        TurnEnd end = await serving.Run(serving.Turn("a", document, []));
        release.SetResult();
        Assert.Equal(AttachSource.Resident, end.Attach.Source);
        await Assert.ThrowsAsync<TurnInProgressException>(() => evict.WaitAsync(ServingFixture.Patience));
        Assert.Equal(ResidentState.Idle, (await serving.Describe("a"))!.State);
    }

    [Fact]
    public async Task A_jumping_time_of_day_changes_nothing_but_what_is_shown()
    {
        var time = new ServingTime { Day = DateTimeOffset.UnixEpoch.AddYears(50) };
        await using var serving = new ServingFixture(ServingFixture.Plain with { Time = time }, contextTokens: 1024);
        await serving.Run(serving.Append("first", [], Tokens(300)));
        time.Day = DateTimeOffset.UnixEpoch;
        await serving.Run(serving.Append("second", [], Tokens(300)));
        await serving.Run(serving.Append("third", [], Tokens(500)));
        Assert.Equal(ResidentState.Cold, (await serving.Describe("first"))!.State);
        Assert.Equal(ResidentState.Idle, (await serving.Describe("second"))!.State);
        Assert.Equal(DateTimeOffset.UnixEpoch, (await serving.Describe("second"))!.LastUsed);
    }

    private static int[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(i => 20 + (i * 7 % 900))];
}
