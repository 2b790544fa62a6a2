using KVCluster.Inference.Kv;
using KVCluster.Storage.Tests.Support;

namespace KVCluster.Storage.Tests.Snapshots;

public sealed class EpochTests
{
    private static readonly int[] History = ColdFixture.Tokens(150);

    [Fact]
    public async Task An_earlier_epoch_can_neither_read_nor_write()
    {
        await using var cold = new ColdFixture();
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History, epoch: 7);
        Assert.Equal(MissCause.LaterEpoch, await cold.MissAsync(cold.Query(History, epoch: 6)));
        SnapshotSave save = await cold.SaveAsync(cache, History, epoch: 6);
        Assert.Equal((SaveOutcome.Fenced, 0L), (save.Outcome, save.WrittenBytes));
        Assert.Null(await cold.MissAsync(cold.Query(History, epoch: 7)));
    }

    [Fact]
    public async Task A_later_epoch_goes_on_from_the_earlier_ones_copy()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History, epoch: 7);
        int[] longer = [.. History, 1, 2];
        cold.Arena.Append(cache, [1, 2]);
        SnapshotSave save = await cold.SaveAsync(cache, longer, epoch: 9);
        Assert.Equal(2 * cold.Arena.Geometry.BytesPerToken, save.WrittenBytes);
        var (_, copy) = await cold.LoadAsync(cold.Query(longer, epoch: 9));
        cold.Arena.AssertSame(cache, copy);
        copy.Dispose();
    }

    [Fact]
    public async Task A_writer_overtaken_in_the_middle_is_fenced_and_leaves_nothing()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        using KvCache cache = cold.Arena.Cache(History);
        int[] other = ColdFixture.Tokens(150, 2);
        using KvCache newer = cold.Arena.Cache(other);
        var others = new SnapshotStore(cold.Blobs.Inner, ColdFixture.Small);
        cold.Blobs.BeforePublish = async () =>
        {
            cold.Blobs.BeforePublish = null;
            SnapshotSave overtaking = await others.SaveAsync(
                new SnapshotSource { Owner = ColdFixture.Ann, Terms = cold.Terms, Epoch = 8, Cache = newer, Tokens = other }, CancellationToken.None);
            Assert.Equal(SaveOutcome.Published, overtaking.Outcome);
        };
        Assert.Equal(SaveOutcome.Fenced, (await cold.SaveAsync(cache, History, epoch: 7)).Outcome);
        var (_, copy) = await cold.LoadAsync(cold.Query(other, epoch: 8));
        cold.Arena.AssertSame(newer, copy);
        copy.Dispose();
        Assert.Equal(9, (await cold.Blobs.StatisticsAsync(CancellationToken.None)).Total.Frames);
    }

    [Fact]
    public async Task A_writer_overtaken_by_its_own_epoch_tries_again()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        using KvCache cache = cold.Arena.Cache(History);
        using KvCache shorter = cold.Arena.Cache(History.AsSpan(0, 100));
        cold.Blobs.BeforePublish = async () =>
        {
            cold.Blobs.BeforePublish = null;
            await cold.PublishedAsync(shorter, History.AsMemory(0, 100));
        };
        SnapshotSave save = await cold.SaveAsync(cache, History);
        Assert.Equal((SaveOutcome.Published, 2L), (save.Outcome, save.Generation));
        var (_, copy) = await cold.LoadAsync(cold.Query(History));
        cold.Arena.AssertSame(cache, copy);
        copy.Dispose();
    }

    [Fact]
    public async Task A_writer_that_is_always_overtaken_gives_up()
    {
        await using var cold = new ColdFixture();
        using KvCache cache = cold.Arena.Cache(History);
        var others = new SnapshotStore(cold.Blobs.Inner);
        cold.Blobs.BeforePublish = async () => await others.SaveAsync(
            new SnapshotSource { Owner = ColdFixture.Ann, Terms = cold.Terms, Epoch = 1, Cache = cache, Tokens = History }, CancellationToken.None);
        Assert.Equal(SaveOutcome.Unavailable, (await cold.SaveAsync(cache, History)).Outcome);
    }

    [Fact]
    public async Task A_load_finds_the_copy_that_took_the_place_of_the_one_it_read()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        int[] other = [.. History];
        other[0]++;
        using KvCache first = cold.Arena.Cache(other);
        await cold.PublishedAsync(first, other);
        using KvCache cache = cold.Arena.Cache(History);
        int[] both = [.. History];
        var once = new SemaphoreSlim(1);
        cold.Blobs.BeforeRead = async id =>
        {
            await once.WaitAsync();
            cold.Blobs.BeforeRead = null;
            await cold.PublishedAsync(cache, both);
            once.Release();
        };
        SnapshotLoad load = (await cold.LoadAsync(cold.Query(other))).Load;
        Assert.Equal(MissCause.OtherTokens, load.Miss);
    }

    [Fact]
    public async Task Writers_and_readers_of_one_session_at_once_agree()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small, pages: 8000);
        using KvCache full = cold.Arena.Cache(History);
        await cold.PublishedAsync(full, History);
        int[] lengths = [150, 120, 90, 64, 33];
        Task[] writers = [.. lengths.Select(async length =>
        {
            using KvCache mine = cold.Arena.Cache(History.AsSpan(0, length));
            for (int i = 0; i < 6; i++)
            {
                SnapshotSave save = await cold.SaveAsync(mine, History.AsMemory(0, length));
                Assert.Contains(save.Outcome, new[] { SaveOutcome.Published, SaveOutcome.Unavailable });
            }
        })];
        Task[] readers = [.. Enumerable.Range(0, 3).Select(async _ =>
        {
            for (int i = 0; i < 15; i++)
            {
                using KvCache copy = cold.Arena.Empty();
                SnapshotLoad load = await cold.Store.LoadAsync(cold.Query(History), copy, CancellationToken.None);
                if (load.Miss is null)
                {
                    using KvCache expected = cold.Arena.Cache(History.AsSpan(0, load.Tokens));
                    cold.Arena.AssertSame(expected, copy);
                }
                else
                {
                    Assert.Equal(MissCause.MissingFrame, load.Miss);
                }
            }
        })];
        await Task.WhenAll([.. writers, .. readers]).WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Null(await cold.MissAsync(cold.Query(History)));
    }
}
