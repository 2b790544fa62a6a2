using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Storage;
using KVCluster.Worker.Serving;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>Forks, compression, scores made while idle, and making whole again.</summary>
public sealed class CacheCareTests
{
    private static readonly CompressionRequest Half = new(CompressionPolicies.Parse("kvcompose"), RetentionBudget.OfRatio(0.5));

    [Fact]
    public async Task A_fork_shares_every_page_and_goes_its_own_way()
    {
        await using var serving = new ServingFixture();
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        LedgerSnapshot before = serving.Ledger();
        Assert.True(await serving.Worker.ForkAsync(ServingFixture.Key("a"), 1, ServingFixture.Key("b"), 1, document.Length, default));
        Assert.Equal(before, serving.Ledger());
        int[] next = serving.Framing.NextTurn(NeedleFixture.SecondQuestion, lastTurnEnded: false);
        TurnEnd[] ends = await Task.WhenAll(
            serving.Run(serving.Turn("a", document, [])), serving.Run(serving.Turn("b", document, next)));
        Assert.Equal(NeedleFixture.Answer, ends[0].Completion!.Text);
        Assert.Equal(NeedleFixture.SecondAnswer, ends[1].Completion!.Text);
        Assert.Equal(AttachSource.Resident, ends[1].Attach.Source);
        await serving.AssertEmptyAfterClosing("a", "b");
    }

    [Fact]
    public async Task A_fork_may_take_a_beginning_only_and_a_running_session_may_be_forked()
    {
        await using var serving = new ServingFixture(watched: true);
        int[] document = serving.Document();
        using ManualResetEventSlim go = serving.HoldDecoding();
        Task<bool>? forked = null;
        TurnEnd end = await serving.Run(
            serving.Turn("a", [], document),
            _ =>
            {
                forked ??= serving.Worker.ForkAsync(ServingFixture.Key("a"), 1, ServingFixture.Key("b"), 1, 100, default).AsTask();
                go.Set();
            });
        Assert.True(await forked!);
        Assert.Equal(NeedleFixture.Answer, end.Completion!.Text);
        Assert.Equal(100, (await serving.Describe("b"))!.Tokens);
        TurnEnd other = await serving.Run(serving.Turn("b", document[..100], document[100..]));
        Assert.Equal(100, other.Attach.CachedTokens);
        Assert.Equal(NeedleFixture.Answer, other.Completion!.Text);
    }

    [Fact]
    public async Task A_compression_that_comes_while_the_cache_is_saved_copies_nothing_and_frees_what_it_says()
    {
        var release = new TaskCompletionSource();
        var saving = new TaskCompletionSource();
        var store = new MemorySnapshotStore
        {
            Gate = (what, _) =>
            {
                saving.TrySetResult();
                return what == "save" ? release.Task : Task.CompletedTask;
            },
        };
        await using var serving = new ServingFixture(store: store);
        await serving.Run(serving.Append("a", [], serving.Document()));
        Task<SnapshotSave?> save = serving.Worker.SaveAsync(ServingFixture.Key("a"), 1, default).AsTask();
        await saving.Task.WaitAsync(ServingFixture.Patience);
        Task<CompressionReport?> cut = serving.Worker.CompressAsync(ServingFixture.Key("a"), 1, Half, default).AsTask();

        // The call after it is answered once it has been taken in; then the device does what it can.
        await serving.Describe("a");
        Assert.True(SpinWait.SpinUntil(() => serving.Worker.IsAtRest, ServingFixture.Patience));
        release.SetResult();
        CompressionReport report = (await cut.WaitAsync(ServingFixture.Patience))!;
        Assert.Equal(report.BytesBefore - report.BytesAfter, report.FreedBytes);
        Assert.True(report.FreedBytes > 0);
        await save;
    }

    [Fact]
    public async Task Nothing_is_forked_from_what_is_not_there_or_not_exact()
    {
        await using var serving = new ServingFixture();
        Assert.False(await serving.Worker.ForkAsync(ServingFixture.Key("a"), 1, ServingFixture.Key("b"), 1, 10, default));
        await serving.Run(serving.Append("a", [], serving.Document()));
        await serving.Worker.CompressAsync(ServingFixture.Key("a"), 1, Half, default);
        Assert.False(await serving.Worker.ForkAsync(ServingFixture.Key("a"), 1, ServingFixture.Key("b"), 1, 10, default));
    }

    [Fact]
    public async Task A_compression_frees_pages_at_once_and_the_conversation_goes_on()
    {
        await using var serving = new ServingFixture();
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        LedgerSnapshot before = serving.Ledger();
        CompressionReport report = (await serving.Worker.CompressAsync(ServingFixture.Key("a"), 1, Half, default))!;
        Assert.Equal(report.FreedBytes, serving.Ledger().FreeBytes - before.FreeBytes);
        Assert.True(report.FreedBytes > 0 && report.DroppedMass > 0);
        ResidentSession session = (await serving.Describe("a"))!;
        Assert.Equal((document.Length, false), (session.Tokens, session.IsExact));
        Assert.Equal(document.Length / 2, session.KeptTokens, 1.0);
        Assert.Same(report, Assert.Single(session.Compressions));

        TurnEnd end = await serving.Run(serving.Turn("a", document, []));
        Assert.Equal(NeedleFixture.Answer, end.Completion!.Text);
        Assert.Same(report, Assert.Single(end.Compressions));
        Assert.Equal(AttachSource.Resident, end.Attach.Source);
    }

    [Fact]
    public async Task A_compression_keeps_what_a_conversations_would()
    {
        await using var serving = new ServingFixture();
        int[] document = serving.Document();
        using var conversation = new Conversation(serving.Model);
        conversation.Append(document);
        CompressionReport expected = conversation.Compress(Half);
        conversation.Dispose();
        await serving.Run(serving.Append("a", [], document));
        CompressionReport report = (await serving.Worker.CompressAsync(ServingFixture.Key("a"), 1, Half, default))!;
        Assert.Equal(expected.DroppedMass!.Value, report.DroppedMass!.Value, 1e-4);
        Assert.Equal(expected.BytesAfter, report.BytesAfter);
    }

    [Fact]
    public async Task Compressing_what_is_not_resident_or_runs_is_told()
    {
        await using var serving = new ServingFixture(watched: true);
        Assert.Null(await serving.Worker.CompressAsync(ServingFixture.Key("a"), 1, Half, default));
        using ManualResetEventSlim go = serving.HoldDecoding();
        Task<CompressionReport?>? during = null;
        await serving.Run(
            serving.Turn("a", [], serving.Document()),
            _ =>
            {
                during ??= serving.Worker.CompressAsync(ServingFixture.Key("a"), 1, Half, default).AsTask();
                go.Set();
            });
        await Assert.ThrowsAsync<TurnInProgressException>(() => during!);
    }

    [Fact]
    public async Task A_policy_that_lacks_what_it_needs_fails_its_caller_only()
    {
        await using var serving = new ServingFixture();
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        var request = new CompressionRequest(CompressionPolicies.Parse("finch"), RetentionBudget.OfRatio(0.5)) { TaskPrompts = [] };
        var task = new CompressionRequest(CompressionPolicies.Parse("kvcompose:scores=task"), RetentionBudget.OfRatio(0.5));
        await Assert.ThrowsAsync<InputException>(() => serving.Worker.CompressAsync(ServingFixture.Key("a"), 1, task, default).AsTask());
        Assert.NotNull(await serving.Worker.CompressAsync(ServingFixture.Key("a"), 1, request, default));
        Assert.NotNull((await serving.Run(serving.Turn("a", document, []))).Completion);
    }

    [Fact]
    public async Task A_turn_comes_before_a_compression_that_is_still_scoring()
    {
        await using var serving = new ServingFixture(watched: true);
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        using var go = new ManualResetEventSlim();
        var held = new TaskCompletionSource();
        serving.Watched.BeforeForward = _ =>
        {
            held.TrySetResult();
            Assert.True(go.Wait(ServingFixture.Patience));
        };

        // The device is held in another session's step while both calls arrive.
        Task<TurnEnd> other = serving.Run(serving.Append("b", [], [5, 6]));
        await held.Task.WaitAsync(ServingFixture.Patience);
        Task<CompressionReport?> compression = serving.Worker.CompressAsync(ServingFixture.Key("a"), 1, Half, default).AsTask();
        Task<TurnEnd> turn = serving.Run(serving.Turn("a", document, []));
        go.Set();
        await Assert.ThrowsAsync<TurnInProgressException>(() => compression.WaitAsync(ServingFixture.Patience));
        Assert.Equal(NeedleFixture.Answer, (await turn).Completion!.Text);
        await other;
    }

    [Fact]
    public async Task A_compressed_session_is_made_whole_by_recomputation()
    {
        await using var serving = new ServingFixture();
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        await serving.Worker.CompressAsync(ServingFixture.Key("a"), 1, Half, default);
        AttachReport report = await serving.Worker.RestoreAsync(new AttachRequest(ServingFixture.Key("a"), 1, document), default);
        Assert.Equal((AttachSource.Recomputed, document.Length), (report.Source, report.RecomputedTokens));
        ResidentSession session = (await serving.Describe("a"))!;
        Assert.Equal((true, document.Length), (session.IsExact, session.Tokens));
        Assert.Empty(session.Compressions);
        AttachReport again = await serving.Worker.RestoreAsync(new AttachRequest(ServingFixture.Key("a"), 1, document), default);
        Assert.Equal(AttachSource.Resident, again.Source);
    }

    [Fact]
    public async Task A_compressed_session_is_made_whole_from_its_exact_copy()
    {
        var store = new MemorySnapshotStore();
        await using var serving = new ServingFixture(ServingFixture.Plain with { AssumedLoadBytesPerSecond = 1e12 }, store);
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        await serving.Worker.SaveAsync(ServingFixture.Key("a"), 1, default);
        await serving.Worker.CompressAsync(ServingFixture.Key("a"), 1, Half, default);
        AttachReport report = await serving.Worker.RestoreAsync(new AttachRequest(ServingFixture.Key("a"), 1, document), default);
        Assert.Equal((AttachSource.Loaded, document.Length), (report.Source, report.CachedTokens));
        Assert.True((await serving.Describe("a"))!.IsExact);
        Assert.Equal(NeedleFixture.Answer, (await serving.Run(serving.Turn("a", document, []))).Completion!.Text);
    }

    [Fact]
    public async Task Positions_closed_up_by_a_policy_are_gone_on_from_and_never_taken_for_tokens()
    {
        await using var serving = new ServingFixture();
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        var rerotate = new CompressionRequest(CompressionPolicies.Parse("rerotate:base=streaming-llm"), RetentionBudget.OfRatio(0.5));
        Assert.NotNull(await serving.Worker.CompressAsync(ServingFixture.Key("a"), 1, rerotate, default));
        TurnEnd on = await serving.Run(serving.Append("a", document, [5, 6, 7]));
        Assert.Equal(document.Length, on.Attach.CachedTokens);
        int[] parted = [.. document[..200], 9, 9, 9];
        TurnEnd anew = await serving.Run(serving.Append("a", parted, [5]));
        Assert.Equal((AttachSource.Recomputed, 0), (anew.Attach.Source, anew.Attach.CachedTokens));
        Assert.True((await serving.Describe("a"))!.IsExact);
    }

    [Fact]
    public async Task Scores_made_while_idle_make_a_compression_instant_and_equal()
    {
        await using var serving = new ServingFixture(new DeviceWorkerOptions(), watched: true);
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        using var conversation = new Conversation(serving.Model);
        await Scored(serving, "a");
        CompressionReport report = (await serving.Worker.CompressAsync(ServingFixture.Key("a"), 1, Half, default))!;
        Assert.Equal(0, report.ScoringSeconds);
        Assert.True(report.ScoringBytes > 0);

        await serving.Run(serving.Append("b", [], document));
        await serving.Worker.CloseAsync(ServingFixture.Key("a"), 1, false, default);
        var unscored = new CompressionRequest(CompressionPolicies.Parse("kvcompose"), RetentionBudget.OfRatio(0.5)) { Input = null };
        await Scored(serving, "b");
        CompressionReport same = (await serving.Worker.CompressAsync(ServingFixture.Key("b"), 1, unscored, default))!;
        Assert.Equal(report.DroppedMass, same.DroppedMass);
        Assert.Equal(report.BytesAfter, same.BytesAfter);
    }

    [Fact]
    public async Task Scores_are_dropped_when_the_cache_changes_and_made_again()
    {
        await using var serving = new ServingFixture(new DeviceWorkerOptions());
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        await Scored(serving, "a");
        TurnEnd end = await serving.Run(serving.Turn("a", document, []));
        Assert.Equal(NeedleFixture.Answer, end.Completion!.Text);
        await Scored(serving, "a");
        CompressionReport report = (await serving.Worker.CompressAsync(ServingFixture.Key("a"), 1, Half, default))!;
        Assert.Equal(document.Length + end.Completion.Tokens.Count - 1, report.LogicalLength);
    }

    [Fact]
    public async Task Scores_of_the_session_unused_longest_go_where_all_take_more_than_they_may()
    {
        long one;
        await using (var measured = new ServingFixture())
        {
            ModelConfig config = measured.Model.Config;
            one = (long)sizeof(float) * config.Layers * (config.QueryHeads + config.KvHeads) * measured.Document().Length;
        }

        // Of each: attention by query head, and what each slot is worth by KV head.
        await using var serving = new ServingFixture(new DeviceWorkerOptions { IdleScoreBytes = (2 * one) - 1 });
        await serving.Run(serving.Append("a", [], serving.Document()));
        await Scored(serving, "a");
        await serving.Run(serving.Append("b", [], serving.Document()));
        await Scored(serving, "b");
        Assert.False(await serving.Worker.HasScoresAsync(ServingFixture.Key("a"), default));

        await using var roomy = new ServingFixture(new DeviceWorkerOptions { IdleScoreBytes = 2 * one });
        await roomy.Run(roomy.Append("a", [], roomy.Document()));
        await Scored(roomy, "a");
        await roomy.Run(roomy.Append("b", [], roomy.Document()));
        await Scored(roomy, "b");
        Assert.True(await roomy.Worker.HasScoresAsync(ServingFixture.Key("a"), default));
    }

    private static async Task Scored(ServingFixture serving, string session)
    {
        using var patience = new CancellationTokenSource(ServingFixture.Patience);
        while (!await serving.Worker.HasScoresAsync(ServingFixture.Key(session), patience.Token))
        {
            await Task.Yield();
        }
    }
}
