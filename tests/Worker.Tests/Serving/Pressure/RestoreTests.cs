using KVCluster.Storage;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Directories;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Tests.Serving.Pressure;

/// <summary>Cut caches made whole again, with a real cold store.</summary>
public sealed class RestoreTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvcluster-worker-").FullName;
    private readonly ServingTime _time = new();
    private DirectoryBlobStore _blobs = null!;
    private SnapshotStore _store = null!;

    public Task InitializeAsync()
    {
        _blobs = new DirectoryBlobStore(new DirectoryBlobStoreOptions { Path = _folder, Budget = new BlobBudget { TotalBytes = 1L << 30 } });
        _store = new SnapshotStore(_blobs);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        await _blobs.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Asked_for_it_comes_from_the_exact_copy_saved_before_the_cut()
    {
        await using PressedFixture pressed = await Cut(restorePriority: null, priority: 0);
        AttachReport report = await pressed.Serving.Worker.RestoreAsync(new AttachRequest(ServingFixture.Key("a"), 1, PressedFixture.Tokens(400)), default);
        Assert.Equal((AttachSource.Loaded, 400), (report.Source, report.CachedTokens));
        ResidentSession whole = await pressed.Describe("a");
        Assert.True(whole.IsExact);
        Assert.Empty(whole.Compressions);
        ReliefEvent restored = Assert.Single(pressed.Events(ReliefKind.Restore));
        Assert.Equal(ReliefCauses.Asked, restored.Cause);
        Assert.True(restored.FreedBytes < 0);
    }

    [Fact]
    public async Task By_itself_when_memory_is_free_and_the_priority_asks_for_it()
    {
        await using PressedFixture pressed = await Cut(restorePriority: 1, priority: 1);
        await pressed.Serving.Worker.CloseAsync(ServingFixture.Key("b"), 1, false, default);
        Assert.False((await pressed.Describe("a")).IsExact);
        _time.Advance(TimeSpan.FromSeconds(31));
        await PressedFixture.Until(() => pressed.Events(ReliefKind.Restore).Any());
        Assert.True((await pressed.Describe("a")).IsExact);
        Assert.Equal(ReliefCauses.MemoryFree, pressed.Events(ReliefKind.Restore).Single().Cause);
        Assert.Empty((await pressed.Describe("a")).Compressions);
        TurnEnd end = await pressed.Serving.Run(pressed.Serving.Turn("a", PressedFixture.Tokens(400), [5], PressedFixture.Long with { MaxTokens = 3 }));
        Assert.Equal(400, end.Attach.CachedTokens);
    }

    [Fact]
    public async Task By_itself_for_everybody_where_the_least_priority_is_that_of_all()
    {
        await using PressedFixture pressed = await Cut(restorePriority: 0, priority: 0);
        await pressed.Serving.Worker.CloseAsync(ServingFixture.Key("b"), 1, false, default);
        _time.Advance(TimeSpan.FromSeconds(31));
        await PressedFixture.Until(() => pressed.Events(ReliefKind.Restore).Any());
        Assert.True((await pressed.Describe("a")).IsExact);
    }

    [Fact]
    public async Task Not_by_itself_without_priority_or_without_room()
    {
        await using PressedFixture pressed = await Cut(restorePriority: 1, priority: 0);
        await pressed.Serving.Worker.CloseAsync(ServingFixture.Key("b"), 1, false, default);
        _time.Advance(TimeSpan.FromSeconds(31));
        await pressed.Describe("a");
        Assert.Empty(pressed.Events(ReliefKind.Restore));

        await using PressedFixture full = await Cut(restorePriority: 0, priority: 0);
        _time.Advance(TimeSpan.FromSeconds(31));
        await full.Describe("a");
        Assert.Empty(full.Events(ReliefKind.Restore));
        Assert.False((await full.Describe("a")).IsExact);
    }

    [Fact]
    public async Task A_turn_of_the_session_comes_before_its_restoration()
    {
        await using PressedFixture pressed = await Cut(restorePriority: 1, priority: 1, withStore: false);
        using var go = new ManualResetEventSlim();
        var begun = new TaskCompletionSource();
        await pressed.Serving.Worker.CloseAsync(ServingFixture.Key("b"), 1, false, default);
        pressed.Serving.Watched.BeforeForward = _ =>
        {
            begun.TrySetResult();
            Assert.True(go.Wait(ServingFixture.Patience));
        };
        _time.Advance(TimeSpan.FromSeconds(31));
        await begun.Task.WaitAsync(ServingFixture.Patience);
        Task<TurnEnd> turn = pressed.Serving.Run(pressed.Serving.Turn("a", PressedFixture.Tokens(400), [5], PressedFixture.Long with { MaxTokens = 3 }));
        go.Set();
        Assert.Equal(3, (await turn).Completion!.Tokens.Count);
        Assert.Empty(pressed.Events(ReliefKind.Restore));
        Assert.Equal(403, (await pressed.Describe("a")).Tokens);
    }

    [Fact]
    public async Task A_cut_cache_that_leaves_comes_back_cut_and_can_still_be_made_whole()
    {
        await using PressedFixture pressed = await Cut(restorePriority: null, priority: 0);
        EvictReport left = await pressed.Serving.Worker.EvictAsync(ServingFixture.Key("a"), 1, save: true, default);
        Assert.Equal(SaveOutcome.Published, left.Saved!.Outcome);
        await pressed.Serving.Worker.PrefetchAsync(new AttachRequest(ServingFixture.Key("a"), 1, PressedFixture.Tokens(400)), default);
        ResidentSession back = await pressed.Describe("a");
        Assert.Equal((400, false, "pressure"), (back.Tokens, back.IsExact, back.Compressions.Single().Policy));
        AttachReport report = await pressed.Serving.Worker.RestoreAsync(new AttachRequest(ServingFixture.Key("a"), 1, PressedFixture.Tokens(400)), default);
        Assert.Equal(AttachSource.Loaded, report.Source);
        Assert.True((await pressed.Describe("a")).IsExact);
    }

    /// <summary>Session a, cut because session b (pinned) came; coming back is taken to be slow, so that nobody leaves.</summary>
    private async Task<PressedFixture> Cut(int? restorePriority, int priority, bool withStore = true)
    {
        DevicePressureOptions options = PressedFixture.Usual with { RestorePriority = restorePriority };
        DeviceWorkerOptions worker = ServingFixture.Plain with { Time = _time, AssumedLoadBytesPerSecond = 1e3, AssumedPrefillTokensPerSecond = 1e-3 };
        var pressed = new PressedFixture(1024, options, withStore ? _store : null, worker, watched: true);
        await pressed.Pressure.PinAsync(ServingFixture.Key("b"), 1, TimeSpan.FromHours(1), default);
        await pressed.Read("a", 400, priority: priority);
        await pressed.Read("b", 500, seed: 1);
        await PressedFixture.Until(() => pressed.Events(ReliefKind.Compress).Any());
        Assert.False((await pressed.Describe("a")).IsExact);
        return pressed;
    }
}
