using KVCluster.Inference.Kv;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Snapshots;
using KVCluster.Storage.Tests.Support;

namespace KVCluster.Storage.Tests.Snapshots;

/// <summary>Layers of a load that are used while later ones still come.</summary>
public sealed class LayerArrivalTests
{
    private const int Room = 40;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly int[] History = ColdFixture.Tokens(300);
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _changes = new(0);

    [Theory]
    [InlineData(SnapshotCodec.Raw, false)]
    [InlineData(SnapshotCodec.Packed, true)]
    public async Task A_layer_may_be_used_as_soon_as_its_frames_are_there(SnapshotCodec codec, bool staged)
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small with { Codec = codec }, staged: staged);
        using KvCache original = cold.Arena.Cache(History);
        await cold.PublishedAsync(original, History);
        var arrival = new LayerArrival(Room, () => _changes.Release());
        await HoldAsync(cold, layer => layer > 0);
        using KvCache cache = cold.Arena.Empty();
        Task<SnapshotLoad> load = LoadAsync(cold, arrival, cache);
        await UntilAsync(() => arrival.Layers == 1);
        Assert.Equal(300, arrival.Tokens);
        Assert.True(arrival.TryUse(0, () => Assert.Equal(cold.Arena.Rows(original)[0], cold.Arena.Rows(cache)[0])));
        Assert.False(arrival.TryUse(1, () => Assert.Fail("the layer is not there")));
        int pages = cache.PageCount;
        cache.PrepareAppend(Room);
        Assert.Equal(pages, cache.PageCount);

        _held.SetResult();
        Assert.Null((await load).Miss);
        Assert.Equal((3, false), (arrival.Layers, arrival.HasFailed));
        cache.Truncate(cache.LogicalLength);
        cold.Arena.AssertSame(original, cache);
    }

    [Fact]
    public async Task A_damaged_frame_takes_the_pages_away_only_when_nobody_uses_them_any_more()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        using KvCache original = cold.Arena.Cache(History);
        await cold.PublishedAsync(original, History);
        var arrival = new LayerArrival(Room, () => _changes.Release());
        FrameId[] damaged = await HoldAsync(cold, layer => layer == 2);
        cold.Blobs.AfterRead = (id, parts, read) =>
        {
            parts[0].Span[0] ^= (byte)(damaged.Contains(id) ? 1 : 0);
            return read;
        };
        using KvCache cache = cold.Arena.Empty();
        Task<SnapshotLoad> load = LoadAsync(cold, arrival, cache);
        await UntilAsync(() => arrival.Layers == 2);
        Assert.True(arrival.TryUse(1, () =>
        {
            _held.SetResult();
            Assert.False(load.Wait(TimeSpan.FromMilliseconds(200)), "the load ended under its user's hands");
            Assert.Equal(300, cache.LogicalLength);
        }));
        Assert.Equal(MissCause.CorruptFrame, (await load.WaitAsync(Limit)).Miss);
        Assert.True(arrival.HasFailed);
        Assert.False(arrival.TryUse(0, () => Assert.Fail("nothing is there any more")));
        Assert.Equal((0, 0), (cache.LogicalLength, cache.PageCount));
        cold.Arena.Pool.CheckIntegrity();
    }

    [Fact]
    public async Task A_copy_that_is_loaded_in_place_of_a_damaged_one_comes_as_a_whole()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        (KvCache exact, KvCache compressed) = await cold.PublishedBothAsync(History);
        var arrival = new LayerArrival(Room, () => _changes.Release());
        FrameId[] damaged = await HoldAsync(cold, layer => layer == 2);
        _held.SetResult();
        cold.Blobs.AfterRead = (id, parts, read) => damaged.Contains(id) ? FrameRead.Missing : read;
        using KvCache cache = cold.Arena.Empty();
        SnapshotLoad load = await LoadAsync(cold, arrival, cache);
        Assert.Null(load.Miss);
        Assert.True(arrival.HasFailed);
        cold.Arena.AssertSame(exact, cache);
    }

    private static Task<SnapshotLoad> LoadAsync(ColdFixture cold, LayerArrival arrival, KvCache cache) => Task.Run(
        async () => await cold.Store.LoadAsync(cold.Query(History) with { Arrival = arrival }, cache, CancellationToken.None)).WaitAsync(Limit);

    /// <summary>Holds reads of the best copy's frames of some layers until told; gives them.</summary>
    private async Task<FrameId[]> HoldAsync(ColdFixture cold, Func<int, bool> held)
    {
        var (_, answers) = await new SnapshotLoader(cold.Blobs, cold.Options, new BrokenFrames()).FindAsync(cold.Query(History), CancellationToken.None);
        FrameId[] frames =
            [.. answers[0].Copy.Groups.Where(group => held(group.FirstLayer)).SelectMany(group => group.Segments).Select(s => s.Frame.Id)];
        cold.Blobs.BeforeRead = id => frames.Contains(id) ? _held.Task : Task.CompletedTask;
        return frames;
    }

    private async Task UntilAsync(Func<bool> come)
    {
        while (!come())
        {
            Assert.True(await _changes.WaitAsync(Limit), "nothing more arrived");
        }
    }
}
