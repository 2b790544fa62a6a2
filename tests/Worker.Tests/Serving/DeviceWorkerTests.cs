using KVCluster.Inference;
using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving;

namespace KVCluster.Worker.Tests.Serving;

public sealed class DeviceWorkerTests
{
    [Fact]
    public async Task A_turn_yields_its_pieces_and_then_its_end()
    {
        await using var serving = new ServingFixture();
        List<string> texts = [];
        TurnEnd end = await serving.Run(serving.Turn("a", [], serving.Document()), piece => texts.Add(piece.Piece.Text));
        Assert.Equal(NeedleFixture.Answer, string.Concat(texts));
        Assert.Equal(NeedleFixture.Answer, end.Completion!.Text);
        Assert.Equal(FinishReason.EndToken, end.Completion.Reason);
        Assert.Equal(texts.Count, end.Completion.Tokens.Count);
        Assert.Equal(AttachSource.New, end.Attach.Source);
        Assert.True(end.CacheBytes > 0);
        Assert.InRange(end.FirstTokenSeconds, end.QueueSeconds, end.Seconds);
    }

    [Fact]
    public async Task A_second_turn_goes_on_from_the_resident_cache()
    {
        await using var serving = new ServingFixture();
        int[] first = serving.Document();
        TurnEnd end = await serving.Run(serving.Turn("a", [], first));
        int[] history = [.. first, .. end.Completion!.Tokens];
        int[] next = serving.Framing.NextTurn(NeedleFixture.SecondQuestion, lastTurnEnded: true);
        TurnEnd second = await serving.Run(serving.Turn("a", history, next));
        Assert.Equal(NeedleFixture.SecondAnswer, second.Completion!.Text);
        Assert.Equal(AttachSource.Resident, second.Attach.Source);
        Assert.Equal(history.Length - 1, second.Attach.CachedTokens);
        Assert.Equal(0, second.Attach.RecomputedTokens);
    }

    [Fact]
    public async Task A_history_that_parts_from_the_cache_is_computed_from_where_it_does()
    {
        await using var serving = new ServingFixture();
        int[] first = serving.Document();
        TurnEnd end = await serving.Run(serving.Turn("a", [], first));
        int[] other = [.. first[..^4], .. serving.Framing.NextTurn(NeedleFixture.SecondQuestion, lastTurnEnded: false)];
        TurnEnd second = await serving.Run(serving.Turn("a", first[..^4], other[(first.Length - 4)..]));
        Assert.Equal(first.Length - 4, second.Attach.CachedTokens);
        TurnEnd fresh = await serving.Run(serving.Turn("b", [], other));
        Assert.Equal(fresh.Completion!.Tokens, second.Completion!.Tokens);
        Assert.NotNull(end.Completion);
    }

    [Fact]
    public async Task What_was_only_appended_is_answered_later_without_a_prompt()
    {
        await using var serving = new ServingFixture();
        int[] document = serving.Document();
        TurnEnd appended = await serving.Run(serving.Append("a", [], document));
        Assert.Null(appended.Completion);
        TurnEnd end = await serving.Run(serving.Turn("a", document, []));
        Assert.Equal(NeedleFixture.Answer, end.Completion!.Text);
        Assert.Equal(document.Length - 1, end.Attach.CachedTokens);
    }

    [Fact]
    public async Task An_answer_cut_in_two_goes_on_as_if_it_were_one()
    {
        await using var serving = new ServingFixture();
        int[] document = serving.Document();
        TurnEnd head = await serving.Run(serving.Turn("a", [], document, NeedleFixture.Greedy with { MaxTokens = 3 }));
        Assert.Equal(FinishReason.MaxTokens, head.Completion!.Reason);
        TurnEnd tail = await serving.Run(serving.Turn("a", [.. document, .. head.Completion.Tokens], []));
        Assert.Equal(NeedleFixture.Answer, head.Completion.Text + tail.Completion!.Text);
    }

    [Fact]
    public async Task Invalid_requests_fail_before_anything_runs()
    {
        await using var serving = new ServingFixture();
        int vocabulary = serving.Model.Config.VocabularySize;
        int context = serving.Model.Config.ContextLength;
        Assert.Contains($"{vocabulary}", Refused(serving, serving.Turn("a", [], [vocabulary])));
        Assert.Contains($"{context}", Refused(serving, serving.Turn("a", new int[context], [1])));
        Assert.Contains("MaxTokens", Refused(serving, serving.Turn("a", [], [1], NeedleFixture.Greedy with { MaxTokens = 0 })));
        Assert.Contains("no token", Refused(serving, serving.Turn("a", [], [])));
        Assert.Contains("tenant", Refused(serving, serving.Turn("", [], [1])));
        Assert.Null(await serving.Describe("a"));
        serving.AssertUntouched();
    }

    [Fact]
    public async Task A_sequence_longer_than_the_arena_is_refused_with_the_room_there_is()
    {
        await using var serving = new ServingFixture(contextTokens: 256);
        InputException e = await Assert.ThrowsAsync<InputException>(() => serving.Run(serving.Turn("a", [], new int[400])));
        Assert.Contains("400 tokens exceed the KV arena", e.Message);
        serving.AssertUntouched();
    }

    [Fact]
    public async Task The_last_token_of_the_context_is_still_answered()
    {
        await using var serving = new ServingFixture();
        int context = serving.Model.Config.ContextLength;
        int[] full = new int[context];
        Array.Fill(full, 17);
        TurnEnd end = await serving.Run(serving.Turn("a", [], full));
        Assert.Equal(FinishReason.ContextFull, end.Completion!.Reason);
        Assert.Single(end.Completion.Tokens);
    }

    [Fact]
    public async Task An_answer_alone_in_the_arena_ends_where_the_arena_does()
    {
        await using var serving = new ServingFixture(contextTokens: 64);
        TurnEnd end = await serving.Run(serving.Turn(
            "a", [], [.. Enumerable.Repeat(17, 50)], NeedleFixture.Greedy with { MaxTokens = 400, Temperature = 50, Seed = 3 }));
        Assert.Equal(FinishReason.ArenaFull, end.Completion!.Reason);
        Assert.InRange(end.Completion.Tokens.Count, 14, 64);
    }

    [Fact]
    public async Task Stopped_it_ends_after_the_token_at_hand_and_counts_as_made()
    {
        await using var serving = new ServingFixture(watched: true);
        using ManualResetEventSlim go = serving.HoldDecoding();
        int[] document = serving.Document();
        Task? stopped = null;
        TurnEnd end = await serving.Run(
            serving.Turn("a", [], document),
            _ =>
            {
                Assert.True(serving.IsHeld.Wait(ServingFixture.Patience));
                stopped ??= serving.Worker.StopAsync(ServingFixture.Key("a"), 1, default).AsTask();
                go.Set();
            });
        await stopped!;
        Assert.Equal(FinishReason.Cancelled, end.Completion!.Reason);
        Assert.Equal(2, end.Completion.Tokens.Count);
        ResidentSession described = (await serving.Describe("a"))!;
        Assert.Equal(document.Length + end.Completion.Tokens.Count - 1, described.Tokens);
        Assert.Equal(ResidentState.Idle, described.State);
    }

    [Fact]
    public async Task Closing_gives_every_page_back_and_forgets_the_fence()
    {
        await using var serving = new ServingFixture();
        await serving.Run(serving.Turn("a", [], serving.Document(), epoch: 7));
        Assert.Equal(1, serving.Worker.Status().Resident);
        await serving.Worker.CloseAsync(ServingFixture.Key("a"), 7, deleteCold: true, default);
        serving.AssertUntouched();
        Assert.Null(await serving.Describe("a"));
        await serving.Worker.FenceAsync(ServingFixture.Key("a"), 1, default);
    }

    [Fact]
    public async Task Status_tells_memory_sessions_and_speeds()
    {
        await using var serving = new ServingFixture();
        await serving.Run(serving.Turn("a", [], serving.Document()));
        DeviceStatus status = serving.Worker.Status();
        LedgerSnapshot ledger = status.Ledger;
        Assert.Equal(ledger.TotalPages, ledger.FreePages + ledger.EvictablePages + ledger.PinnedPages);
        Assert.True(ledger.EvictablePages > 0 && ledger.PinnedPages == 0);
        Assert.Equal((1, 0, 0, false), (status.Resident, status.Running, status.Waiting, status.IsDraining));
        Assert.True(status.PrefillTokensPerSecond > 0 && status.DecodeTokensPerSecond > 0);
    }

    private static string Refused(ServingFixture serving, TurnRequest request) =>
        Assert.Throws<InputException>(() => serving.Worker.RunAsync(request, default)).Message;
}
