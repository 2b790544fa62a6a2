using KVCluster.Storage;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Directories;
using KVCluster.Storage.Tests;
using KVCluster.Storage.Tests.Support;
using KVCluster.TestSupport;
using KVCluster.Worker.Serving;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>A prompt computed behind a copy while the copy is still on its way.</summary>
public sealed class LoadOverlapTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FaultyStore _blobs;
    private readonly ServingTime _time = new();
    private readonly ServingFixture _serving;
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int[] _document;
    private readonly int[] _question;
    private int _last;

    public LoadOverlapTests()
    {
        _blobs = new FaultyStore(new DirectoryBlobStore(new DirectoryBlobStoreOptions
        {
            Path = _folder.Path,
            Budget = new BlobBudget { TotalBytes = 64 << 20 },
            SweepInterval = TimeSpan.Zero,
        }));

        // A layer a frame and 64 slots: the last frame to be read is one of the last layer.
        var store = new SnapshotStore(_blobs, new SnapshotStoreOptions { SegmentTokens = 64, FrameBytes = 1 });
        DeviceWorkerOptions options = ServingFixture.Plain with { AssumedLoadBytesPerSecond = 1e12, OverlapLoadsFrom = TimeSpan.Zero, Time = _time };
        _serving = new ServingFixture(options, store, watched: true);
        (_document, int[] ids) = _serving.Framing.FirstTurn(null, NeedleFixture.MakeDocument(24), NeedleFixture.Question);
        _question = [.. _document[..60], .. ids];
        _serving.Watched.AfterLayer = layer =>
        {
            if (layer == _serving.Model.Config.Layers - 1)
            {
                _reached.TrySetResult();
            }
        };
    }

    [Fact]
    public async Task The_prompt_goes_through_the_layers_that_are_there_and_the_answer_is_the_same()
    {
        TurnEnd expected = await ColdAsync("a");
        Task<TurnEnd> turn = HoldLastFrameAndAsk("a");
        await _reached.Task.WaitAsync(ServingFixture.Patience);
        Assert.False(turn.IsCompleted);
        _held.SetResult();
        TurnEnd end = await turn;
        Assert.Equal((AttachSource.Loaded, _document.Length, 0), (end.Attach.Source, end.Attach.CachedTokens, end.Attach.RecomputedTokens));
        Assert.Equal(_question.Length - 1, end.Attach.OverlappedTokens);
        Assert.Equal(expected.Completion!.Tokens, end.Completion!.Tokens);
        await _serving.AssertEmptyAfterClosing("a");
    }

    [Fact]
    public async Task Others_are_served_meanwhile_however_long_the_store_takes()
    {
        await ColdAsync("a");
        Task<TurnEnd> turn = HoldLastFrameAndAsk("a");
        await _reached.Task.WaitAsync(ServingFixture.Patience);
        Assert.Equal(NeedleFixture.Answer, (await _serving.Run(_serving.Turn("b", [], _serving.Document()))).Completion!.Text);
        Assert.False(turn.IsCompleted);
        _held.SetResult();
        Assert.True((await turn).Attach.OverlappedTokens > 0);
        await _serving.AssertEmptyAfterClosing("a", "b");
    }

    [Fact]
    public async Task A_frame_damaged_behind_what_was_used_makes_all_of_it_be_computed_anew()
    {
        TurnEnd expected = await ColdAsync("a");
        _blobs.AfterRead = (_, parts, read) =>
        {
            parts[0].Span[0] ^= (byte)(_held.Task.IsCompleted ? 1 : 0);
            return read;
        };
        Task<TurnEnd> turn = HoldLastFrameAndAsk("a");
        await _reached.Task.WaitAsync(ServingFixture.Patience);
        _held.SetResult();
        TurnEnd end = await turn;
        Assert.Equal((AttachSource.Recomputed, MissCause.CorruptFrame), (end.Attach.Source, end.Attach.Miss));
        Assert.Equal((0, 0), (end.Attach.CachedTokens, end.Attach.OverlappedTokens));
        Assert.Equal(expected.Completion!.Tokens, end.Completion!.Tokens);
        await _serving.AssertEmptyAfterClosing("a");
    }

    [Fact]
    public async Task A_turn_cancelled_meanwhile_leaves_the_copy_and_nothing_else()
    {
        await ColdAsync("a");
        using var cancel = new CancellationTokenSource();
        Task<TurnEnd> turn = HoldLastFrameAndAsk("a", cancel.Token);
        await _reached.Task.WaitAsync(ServingFixture.Patience);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => turn);
        _held.SetResult();
        TurnEnd end = await _serving.Run(_serving.Turn("a", _document, _question));
        Assert.Equal(_document.Length, end.Attach.CachedTokens);
        await _serving.AssertEmptyAfterClosing("a");
    }

    [Fact]
    public async Task A_store_that_takes_too_long_gets_no_more_say_when_it_comes()
    {
        TurnEnd expected = await ColdAsync("a");
        Task<TurnEnd> turn = HoldLastFrameAndAsk("a");
        await _reached.Task.WaitAsync(ServingFixture.Patience);
        _time.Advance(ServingFixture.Plain.TransferTimeout + TimeSpan.FromSeconds(1));
        TurnEnd end = await turn;
        Assert.Equal((AttachSource.Recomputed, MissCause.Unavailable), (end.Attach.Source, end.Attach.Miss));
        Assert.Equal(expected.Completion!.Tokens, end.Completion!.Tokens);
        _held.SetResult();
        await _serving.AssertEmptyAfterClosing("a");
    }

    [Fact]
    public async Task A_load_that_is_expected_to_be_quick_is_done_alone()
    {
        await using var serving = new ServingFixture(ServingFixture.Plain with { AssumedLoadBytesPerSecond = 1e12 }, new SnapshotStore(_blobs), watched: true);
        bool layered = false;
        serving.Watched.AfterLayer = _ => layered = true;
        await serving.Run(serving.Append("a", [], _document));
        await serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default);
        TurnEnd end = await serving.Run(serving.Turn("a", _document, _question));
        Assert.Equal((AttachSource.Loaded, 0, false), (end.Attach.Source, end.Attach.OverlappedTokens, layered));
    }

    public async ValueTask DisposeAsync()
    {
        _held.TrySetResult();
        await _serving.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Leaves the document's cache in the store only; gives the question's answer on the cache as it was.</summary>
    private async Task<TurnEnd> ColdAsync(string session)
    {
        await _serving.Run(_serving.Append(session, [], _document));
        _blobs.OnWrite = frame =>
        {
            _last = Math.Max(_last, frame.Number);
            return null;
        };
        await _serving.Worker.SaveAsync(ServingFixture.Key(session), 1, default);
        TurnEnd end = await _serving.Run(_serving.Turn(session, _document, _question));
        await _serving.Worker.EvictAsync(ServingFixture.Key(session), 1, save: false, default);
        return end;
    }

    private Task<TurnEnd> HoldLastFrameAndAsk(string session, CancellationToken cancellationToken = default)
    {
        _blobs.BeforeRead = frame => frame.Number == _last ? _held.Task : Task.CompletedTask;
        return _serving.Run(_serving.Turn(session, _document, _question), null, cancellationToken);
    }
}
