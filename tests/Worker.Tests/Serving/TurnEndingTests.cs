using System.Collections.Concurrent;
using KVCluster.Inference;
using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>Turns that are cancelled, left, fenced, refused, or struck by a failing device.</summary>
public sealed class TurnEndingTests
{
    [Fact]
    public async Task Cancelled_in_mid_prefill_the_turn_never_was()
    {
        await using var serving = new ServingFixture(watched: true);
        int[] document = serving.Document(sentences: 60);
        using var cancel = new CancellationTokenSource();
        int steps = 0;
        serving.Watched.AfterForward = _ =>
        {
            if (++steps == 2)
            {
                cancel.Cancel();
                serving.WaitForCall();
            }
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving.Run(serving.Turn("a", [], document), cancellationToken: cancel.Token));
        ResidentSession after = (await serving.Describe("a"))!;
        Assert.Equal((ResidentState.Cold, 0), (after.State, after.Tokens));
        Assert.Equal(2, steps);
        serving.AssertUntouched();
    }

    [Fact]
    public async Task Cancelled_in_mid_answer_the_cache_goes_back_to_the_history()
    {
        await using var serving = new ServingFixture(watched: true);
        int[] document = serving.Document();
        await serving.Run(serving.Append("a", [], document));
        LedgerSnapshot before = serving.Ledger();
        using var cancel = new CancellationTokenSource();
        using ManualResetEventSlim go = serving.HoldDecoding();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => serving.Run(serving.Turn("a", document, [5, 6, 7]), _ => cancel.Cancel(), cancel.Token));
        go.Set();
        Assert.Equal(document.Length, (await serving.Describe("a"))!.Tokens);
        Assert.Equal(before, serving.Ledger());
        Assert.Equal(NeedleFixture.Answer, (await serving.Run(serving.Turn("a", document, []))).Completion!.Text);
    }

    [Fact]
    public async Task A_reader_that_leaves_ends_the_turn_as_if_it_never_was()
    {
        await using var serving = new ServingFixture(watched: true);
        using ManualResetEventSlim go = serving.HoldDecoding();
        await foreach (TurnEvent _ in serving.Worker.RunAsync(serving.Turn("a", [], serving.Document()), default))
        {
            break;
        }

        go.Set();
        Assert.Equal(ResidentState.Cold, (await serving.Describe("a"))!.State);
        serving.AssertUntouched();
    }

    [Fact]
    public async Task A_turn_that_biases_an_unknown_token_is_refused_and_leaves_nothing_behind()
    {
        await using var serving = new ServingFixture();
        int unknown = serving.Model.Config.VocabularySize;
        var biased = NeedleFixture.Greedy with { LogitBias = new Dictionary<int, float> { [unknown] = 1 } };
        InputException refused = await Assert.ThrowsAsync<InputException>(() => serving.Run(serving.Turn("a", [], serving.Document(), biased)));
        Assert.Contains($"token {unknown}", refused.Message, StringComparison.Ordinal);
        Assert.Equal((0, 0), (serving.Worker.Status().Waiting, serving.Worker.Status().Running));
        Assert.Equal(NeedleFixture.Answer, (await serving.Run(serving.Turn("a", [], serving.Document()))).Completion!.Text);
        await serving.AssertEmptyAfterClosing("a");
    }

    [Fact]
    public async Task A_second_turn_of_a_session_is_refused_while_one_runs()
    {
        await using var serving = new ServingFixture(watched: true);
        using ManualResetEventSlim go = serving.HoldDecoding();
        Task<TurnEnd>? second = null;
        TurnEnd first = await serving.Run(
            serving.Turn("a", [], serving.Document()),
            _ =>
            {
                second ??= serving.Run(serving.Turn("a", [], [5]));
                go.Set();
            });
        await Assert.ThrowsAsync<TurnInProgressException>(() => second!);
        Assert.Equal(NeedleFixture.Answer, first.Completion!.Text);
    }

    [Fact]
    public async Task A_later_epoch_ends_the_older_turn_and_refuses_older_callers()
    {
        await using var serving = new ServingFixture(watched: true);
        using ManualResetEventSlim go = serving.HoldDecoding();
        SessionKey key = ServingFixture.Key("a");
        int[] document = serving.Document();
        Task? fence = null;
        StaleEpochException ended = await Assert.ThrowsAsync<StaleEpochException>(() => serving.Run(
            serving.Turn("a", [], document),
            _ =>
            {
                fence ??= serving.Worker.FenceAsync(key, 2, default).AsTask();
                go.Set();
            }));
        await fence!;
        Assert.Equal((1, 2), (ended.Epoch, ended.Seen));
        await Assert.ThrowsAsync<StaleEpochException>(() => serving.Run(serving.Turn("a", [], document)));
        await Assert.ThrowsAsync<StaleEpochException>(() => serving.Worker.FenceAsync(key, 1, default).AsTask());
        await Assert.ThrowsAsync<StaleEpochException>(() => serving.Worker.EvictAsync(key, 1, false, default).AsTask());
        await Assert.ThrowsAsync<StaleEpochException>(() => serving.Worker.StopAsync(key, 1, default).AsTask());
        TurnEnd next = await serving.Run(serving.Turn("a", [], document, epoch: 2));
        Assert.Equal(NeedleFixture.Answer, next.Completion!.Text);
    }

    [Fact]
    public async Task A_turn_of_a_later_epoch_takes_over_from_a_running_one()
    {
        await using var serving = new ServingFixture(watched: true);
        using ManualResetEventSlim go = serving.HoldDecoding();
        Task<TurnEnd>? later = null;
        await Assert.ThrowsAsync<StaleEpochException>(() => serving.Run(
            serving.Turn("a", [], serving.Document()),
            _ =>
            {
                later ??= serving.Run(serving.Turn("a", [], serving.Document(), epoch: 5));
                go.Set();
            }));
        Assert.Equal(NeedleFixture.Answer, (await later!).Completion!.Text);
    }

    [Fact]
    public async Task A_device_that_throws_ends_every_turn_and_refuses_all_that_follows()
    {
        await using var serving = new ServingFixture(watched: true);
        var fault = new InvalidOperationException("the kernel fell over");
        int steps = 0;
        serving.Watched.BeforeForward = _ =>
        {
            if (++steps == 4)
            {
                throw fault;
            }
        };
        Task<TurnEnd>[] turns = [.. Enumerable.Range(0, 5).Select(i => serving.Run(serving.Turn($"s{i}", [], serving.Document())))];
        foreach (Task<TurnEnd> turn in turns)
        {
            DeviceFailedException failed = await Assert.ThrowsAsync<DeviceFailedException>(() => turn.WaitAsync(ServingFixture.Patience));
            Assert.Same(fault, failed.InnerException);
        }

        await Assert.ThrowsAsync<DeviceFailedException>(() => serving.Run(serving.Turn("a", [], [5])));
        await Assert.ThrowsAsync<DeviceFailedException>(() => serving.Worker.FenceAsync(ServingFixture.Key("a"), 1, default).AsTask());
        serving.AssertUntouched();
    }

    [Fact]
    public async Task Disposal_ends_what_runs_and_what_waits()
    {
        var serving = new ServingFixture(ServingFixture.Plain with { MaxRunningTurns = 1 });
        var pieces = new BlockingCollection<int>();
        Task<TurnEnd>[] turns = [.. Enumerable.Range(0, 3).Select(i => serving.Run(
            serving.Turn($"s{i}", [], serving.Document(), NeedleFixture.Greedy with { MaxTokens = 2000, Temperature = 50 }),
            piece => pieces.Add(piece.Piece.Token)))];
        Assert.True(pieces.TryTake(out _, ServingFixture.Patience));
        await serving.DisposeAsync();
        foreach (Task<TurnEnd> turn in turns)
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(() => turn.WaitAsync(ServingFixture.Patience));
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => serving.Worker.FenceAsync(ServingFixture.Key("a"), 1, default).AsTask());
    }

    [Fact]
    public async Task Drained_it_takes_no_turn_and_lets_the_running_ones_end()
    {
        await using var serving = new ServingFixture(watched: true);
        using ManualResetEventSlim go = serving.HoldDecoding();
        Task? drained = null;
        TurnEnd end = await serving.Run(
            serving.Turn("a", [], serving.Document()),
            _ =>
            {
                drained ??= serving.Worker.DrainAsync(default);
                go.Set();
            });
        await drained!.WaitAsync(ServingFixture.Patience);
        Assert.Equal(NeedleFixture.Answer, end.Completion!.Text);
        Assert.True(serving.Worker.Status().IsDraining);
        await Assert.ThrowsAsync<DeviceBusyException>(() => serving.Run(serving.Turn("b", [], [5])));
        await serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, false, default);
        serving.AssertUntouched();
    }
}
