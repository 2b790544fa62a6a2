using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Tests.Blobs;

/// <summary>What every <see cref="IBlobStore"/> must do; one derived class a store.</summary>
public abstract class BlobStoreContract : IAsyncLifetime
{
    private static readonly SnapshotOwner Ann = new("acme", "ann");
    private static readonly CancellationToken None = CancellationToken.None;
    private IBlobStore? _store;
    private ulong _saves;

    /// <summary>Time to live of what the tests write; short where only real time passes.</summary>
    protected virtual TimeSpan TimeToLive => TimeSpan.FromHours(2);

    protected virtual BlobBudget Ample => new() { TotalBytes = 64 << 20 };

    private IBlobStore Store => _store!;

    public virtual async Task InitializeAsync() => _store = await OpenAsync(Ample, TimeToLive);

    public virtual async Task DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }
    }

    /// <summary>An empty store; the one before it is closed already.</summary>
    protected abstract Task<IBlobStore> OpenAsync(BlobBudget budget, TimeSpan timeToLive);

    /// <summary>Lets this time pass for the store.</summary>
    protected abstract Task PassAsync(TimeSpan time);

    [Fact]
    public async Task An_unknown_owner_has_no_manifest() => Assert.Null(await Store.ReadManifestAsync(Ann, None));

    [Fact]
    public async Task An_unknown_frame_is_missing() =>
        Assert.Equal(FrameRead.Missing, await Store.ReadFrameAsync(Ann, Id(0), [new byte[3]], None));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(3_000_001)]
    public async Task A_frame_comes_back_whatever_its_parts(int bytes)
    {
        byte[] content = Bytes(bytes, 1);
        FrameId id = Id(7);
        Assert.Equal(FrameWrite.Written, await Store.WriteFrameAsync(Ann, id, Split(content, 3000, 2), None));

        var read = new byte[bytes];
        Assert.Equal(FrameRead.Read, await Store.ReadFrameAsync(Ann, id, Parts(read, 2000, 3), None));
        Assert.Equal(content, read);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(11)]
    [InlineData(0)]
    public async Task A_destination_of_another_length_is_told(int bytes)
    {
        FrameId id = await Write(Ann, Bytes(10, 1));
        Assert.Equal(FrameRead.WrongLength, await Store.ReadFrameAsync(Ann, id, [new byte[bytes]], None));
    }

    [Fact]
    public async Task Frames_of_one_owner_are_written_and_read_at_once()
    {
        FrameId[] ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Write(Ann, Bytes(200_000 + i, i))));
        await Task.WhenAll(ids.Select(async (id, i) => Assert.Equal(Bytes(200_000 + i, i), await Read(Ann, id, 200_000 + i))));
    }

    [Fact]
    public async Task A_published_manifest_is_read_back()
    {
        FrameId frame = await Write(Ann, Bytes(10, 1));
        Assert.Equal(PublishResult.Published, await Publish(Ann, null, new(3, 1), Bytes(1000, 2), frame));
        StoredManifest? stored = await Store.ReadManifestAsync(Ann, None);
        Assert.Equal((new ManifestStamp(3, 1), false), (stored!.Stamp, stored.IsDamaged));
        Assert.Equal(Bytes(1000, 2), stored.Body.ToArray());
    }

    [Fact]
    public async Task A_manifest_is_replaced_by_its_epoch_and_by_later_ones()
    {
        await Publish(Ann, null, new(3, 1), [1]);
        Assert.Equal(PublishResult.Published, await Publish(Ann, new(3, 1), new(3, 2), [2]));
        Assert.Equal(PublishResult.Published, await Publish(Ann, new(3, 2), new(9, 3), [3]));
        Assert.Equal([3], (await Store.ReadManifestAsync(Ann, None))!.Body.ToArray());
    }

    [Fact]
    public async Task An_earlier_epoch_is_fenced()
    {
        await Publish(Ann, null, new(5, 1), [1]);
        Assert.Equal(PublishResult.Fenced, await Publish(Ann, new(5, 1), new(4, 2), [2]));
        Assert.Equal(PublishResult.Fenced, await Publish(Ann, null, new(4, 1), [2]));
        Assert.Equal([1], (await Store.ReadManifestAsync(Ann, None))!.Body.ToArray());
    }

    [Fact]
    public async Task A_manifest_that_is_not_the_expected_one_stays()
    {
        Assert.Equal(PublishResult.Conflict, await Publish(Ann, new(5, 1), new(5, 2), [1]));
        await Publish(Ann, null, new(5, 1), [1]);
        Assert.Equal(PublishResult.Conflict, await Publish(Ann, null, new(5, 2), [2]));
        Assert.Equal(PublishResult.Conflict, await Publish(Ann, new(5, 2), new(6, 3), [2]));
        Assert.Equal([1], (await Store.ReadManifestAsync(Ann, None))!.Body.ToArray());
    }

    [Fact]
    public async Task Of_many_publishers_at_once_one_wins()
    {
        await Publish(Ann, null, new(5, 1), [0]);
        PublishResult[] results = await Task.WhenAll(
            Enumerable.Range(0, 16).Select(i => Publish(Ann, new(5, 1), new(5, 2), Bytes(5000, i)).AsTask()));
        Assert.Equal(1, results.Count(r => r == PublishResult.Published));
        Assert.Equal(15, results.Count(r => r == PublishResult.Conflict));
        Assert.Equal(
            Bytes(5000, Array.IndexOf(results, PublishResult.Published)), (await Store.ReadManifestAsync(Ann, None))!.Body.ToArray());
    }

    [Fact]
    public async Task Deleting_takes_the_manifest_and_its_frames()
    {
        FrameId frame = await Write(Ann, Bytes(10, 1));
        await Publish(Ann, null, new(5, 1), [1], frame);
        Assert.True(await Store.DeleteAsync(Ann, 5, None));
        Assert.Null(await Store.ReadManifestAsync(Ann, None));
        Assert.Equal(FrameRead.Missing, await Store.ReadFrameAsync(Ann, frame, [new byte[10]], None));
        Assert.Equal(default, (await Store.StatisticsAsync(None)).Total);
        Assert.True(await Store.DeleteAsync(Ann, 5, None));
    }

    [Fact]
    public async Task A_later_epochs_copy_is_not_deleted()
    {
        FrameId frame = await Write(Ann, Bytes(10, 1));
        await Publish(Ann, null, new(5, 1), [1], frame);
        Assert.False(await Store.DeleteAsync(Ann, 4, None));
        Assert.NotNull(await Store.ReadManifestAsync(Ann, None));
        Assert.Equal(Bytes(10, 1), await Read(Ann, frame, 10));
    }

    [Fact]
    public async Task Frames_are_deleted_and_missing_ones_passed_over()
    {
        FrameId[] frames = [await Write(Ann, Bytes(10, 1)), await Write(Ann, Bytes(10, 2)), await Write(Ann, Bytes(10, 3))];
        await Store.DeleteFramesAsync(Ann, [frames[0], Id(99), frames[2]], None);
        await Store.DeleteFramesAsync(Ann, [], None);
        Assert.Equal(FrameRead.Missing, await Store.ReadFrameAsync(Ann, frames[0], [new byte[10]], None));
        Assert.Equal(Bytes(10, 2), await Read(Ann, frames[1], 10));
        Assert.Equal((10, 1), ((await Store.StatisticsAsync(None)).Total.Bytes, (await Store.StatisticsAsync(None)).Total.Frames));
    }

    [Fact]
    public async Task Owners_are_apart_whatever_their_names()
    {
        SnapshotOwner[] owners =
        [
            new("a", "b"), new("b", "a"), new("a", "b/c"), new("a/b", "c"), new("a:b", "c"), new("a", "b:c"), new("A", "b"), new("a", "B"),
            new("..", ".."), new("../..", "x"), new("*", "?"), new("{a}", "{b}"), new("", ""), new("", "b"), new(" ", "\n\r"), new("a\0", "b"),
            new("naïve", "😀"), new("a", new string('x', 4000)), new("$(id)", "%2e%2e"), new("manifest", "owner"), new("con", "nul"),
        ];
        for (int i = 0; i < owners.Length; i++)
        {
            Assert.Equal(FrameWrite.Written, await Store.WriteFrameAsync(owners[i], Id(1), [Bytes(100, i)], None));
            Assert.Equal(PublishResult.Published, await Publish(owners[i], null, new(1, 1), Bytes(50, i), Id(1)));
        }

        for (int i = 0; i < owners.Length; i++)
        {
            Assert.Equal(Bytes(100, i), await Read(owners[i], Id(1), 100));
            Assert.Equal(Bytes(50, i), (await Store.ReadManifestAsync(owners[i], None))!.Body.ToArray());
        }

        Assert.Equal(owners.ToHashSet(), await Owners(null));
        Assert.Equal(owners.Where(o => o.Tenant == "a").ToHashSet(), await Owners("a"));
        await Store.DeleteAsync(owners[0], 1, None);
        Assert.Equal(owners.Skip(1).ToHashSet(), await Owners(null));
        Assert.Equal(Bytes(100, 1), await Read(owners[1], Id(1), 100));
    }

    [Fact]
    public async Task Only_owners_with_a_manifest_are_listed()
    {
        await Write(Ann, [1]);
        Assert.Empty(await Owners(null));
    }

    [Fact]
    public async Task Bytes_and_entries_are_counted_by_tenant()
    {
        var bob = new SnapshotOwner("bolt", "bob");
        FrameId frame = await Write(Ann, Bytes(1000, 1));
        await Publish(Ann, null, new(1, 1), Bytes(100, 1), frame);
        await Write(bob, Bytes(500, 1));
        BlobStatistics statistics = await Store.StatisticsAsync(None);
        Assert.Equal((1L, 1L), (statistics.Tenants["acme"].Frames, statistics.Tenants["acme"].Manifests));
        Assert.InRange(statistics.Tenants["acme"].Bytes, 1100, 1400);
        Assert.Equal(new BlobUsage(500, 1, 0), statistics.Tenants["bolt"]);
        Assert.Equal(statistics.Tenants["acme"].Bytes + 500, statistics.Total.Bytes);
        Assert.Equal((2L, 1L), (statistics.Total.Frames, statistics.Total.Manifests));
        Assert.Equal(Ample.TotalBytes, statistics.Budget.TotalBytes);
    }

    [Fact]
    public async Task A_replaced_manifest_counts_once()
    {
        await Publish(Ann, null, new(1, 1), Bytes(1000, 1));
        for (int i = 1; i < 20; i++)
        {
            await Publish(Ann, new(1, i), new(1, i + 1), Bytes(1000, i));
        }

        BlobUsage total = (await Store.StatisticsAsync(None)).Total;
        Assert.Equal(1, total.Manifests);
        Assert.InRange(total.Bytes, 1000, 1300);
    }

    [Fact]
    public async Task A_write_beyond_the_budget_is_refused_and_leaves_nothing()
    {
        await Reopen(new BlobBudget { TotalBytes = 10_000 });
        FrameId kept = await Write(Ann, Bytes(6000, 1));
        FrameId refused = Id(2);
        Assert.Equal(FrameWrite.OverBudget, await Store.WriteFrameAsync(Ann, refused, [Bytes(5000, 2)], None));
        Assert.Equal(FrameRead.Missing, await Store.ReadFrameAsync(Ann, refused, [new byte[5000]], None));
        Assert.Equal(PublishResult.OverBudget, await Publish(Ann, null, new(1, 1), Bytes(5000, 1), kept));
        Assert.Null(await Store.ReadManifestAsync(Ann, None));
        Assert.Equal(new BlobUsage(6000, 1, 0), (await Store.StatisticsAsync(None)).Total);

        await Store.DeleteFramesAsync(Ann, [kept], None);
        Assert.Equal(FrameWrite.Written, await Store.WriteFrameAsync(Ann, refused, [Bytes(5000, 2)], None));
    }

    [Fact]
    public async Task A_tenants_budget_binds_that_tenant_only()
    {
        await Reopen(new BlobBudget { TotalBytes = 100_000, TenantBytes = 5000, Tenants = new Dictionary<string, long> { ["vip"] = 20_000 } });
        Assert.Equal(FrameWrite.OverBudget, await Store.WriteFrameAsync(Ann, Id(1), [Bytes(6000, 1)], None));
        Assert.Equal(FrameWrite.Written, await Store.WriteFrameAsync(new("vip", "v"), Id(1), [Bytes(6000, 1)], None));
        Assert.Equal(FrameWrite.Written, await Store.WriteFrameAsync(Ann, Id(2), [Bytes(4000, 1)], None));
        Assert.Equal(FrameWrite.OverBudget, await Store.WriteFrameAsync(new("acme", "other"), Id(1), [Bytes(4000, 1)], None));
        Assert.Equal(FrameWrite.Written, await Store.WriteFrameAsync(new("else", "other"), Id(1), [Bytes(4000, 1)], None));
    }

    [Fact]
    public async Task Many_writers_at_once_stay_within_the_budget()
    {
        await Reopen(new BlobBudget { TotalBytes = 10_000 });
        FrameWrite[] written = await Task.WhenAll(
            Enumerable.Range(0, 30).Select(i => Store.WriteFrameAsync(Ann, Id(i), [Bytes(900, i)], None).AsTask()));
        Assert.Equal(11, written.Count(w => w == FrameWrite.Written));
        Assert.Equal(9900, (await Store.StatisticsAsync(None)).Total.Bytes);
    }

    [Fact]
    public async Task Owners_come_in_the_order_of_their_last_use()
    {
        SnapshotOwner[] owners = [new("acme", "a"), new("else", "b"), new("acme", "c/%"), new("acme", "d")];
        foreach (SnapshotOwner owner in owners)
        {
            await Store.WriteFrameAsync(owner, Id(1), [Bytes(10, 1)], None);
            await Publish(owner, null, new(1, 1), Bytes(50, 1), Id(1));
            await PassAsync(TimeToLive / 40);
        }

        await Store.RenewAsync(owners[0], [Id(1)], None);
        Assert.Equal([owners[1], owners[2], owners[3], owners[0]], await Store.LeastRecentlyUsedAsync(null, 10, None));
        Assert.Equal([owners[2], owners[3]], await Store.LeastRecentlyUsedAsync("acme", 2, None));
        Assert.Empty(await Store.LeastRecentlyUsedAsync("nobody", 2, None));
    }

    [Fact]
    public async Task What_nobody_uses_expires()
    {
        FrameId frame = await Write(Ann, Bytes(100, 1));
        await Publish(Ann, null, new(7, 3), [1], frame);
        await PassAsync(TimeToLive * 1.5);
        Assert.Null(await Store.ReadManifestAsync(Ann, None));
        Assert.Equal(FrameRead.Missing, await Store.ReadFrameAsync(Ann, frame, [new byte[100]], None));
        Assert.Empty(await Owners(null));
        Assert.Equal(0, (await Store.StatisticsAsync(None)).Total.Bytes);
        Assert.Equal(PublishResult.Published, await Publish(Ann, null, new(1, 1), [2]));
    }

    [Fact]
    public async Task What_is_used_lives_on()
    {
        FrameId frame = await Write(Ann, Bytes(100, 1));
        await Publish(Ann, null, new(7, 3), [1], frame);
        for (int i = 0; i < 3; i++)
        {
            await PassAsync(TimeToLive * 0.6);
            await Store.RenewAsync(Ann, [frame], None);
        }

        Assert.NotNull(await Store.ReadManifestAsync(Ann, None));
        Assert.Equal(Bytes(100, 1), await Read(Ann, frame, 100));
        Assert.Equal([Ann], await Owners(null));
    }

    [Fact]
    public async Task Frames_that_no_manifest_names_expire()
    {
        FrameId frame = await Write(Ann, Bytes(100, 1));
        await PassAsync(TimeToLive * 1.5);
        Assert.Equal(FrameRead.Missing, await Store.ReadFrameAsync(Ann, frame, [new byte[100]], None));
        Assert.Equal(0, (await Store.StatisticsAsync(None)).Total.Bytes);
    }

    [Fact]
    public async Task Renewing_what_is_gone_does_nothing()
    {
        await Store.RenewAsync(Ann, [Id(4)], None);
        Assert.Null(await Store.ReadManifestAsync(Ann, None));
        Assert.Empty(await Owners(null));
    }

    [Fact]
    public async Task A_cancelled_call_says_so()
    {
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.ReadManifestAsync(Ann, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.WriteFrameAsync(Ann, Id(1), [new byte[9]], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.ReadFrameAsync(Ann, Id(1), [new byte[9]], cancelled));
    }

    protected static byte[] Bytes(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static List<ReadOnlyMemory<byte>> Split(byte[] content, int parts, int seed) =>
        [.. Parts(content, parts, seed).Select(p => (ReadOnlyMemory<byte>)p)];

    /// <summary>Many parts of uneven length, empty ones among them.</summary>
    private static List<Memory<byte>> Parts(byte[] content, int parts, int seed)
    {
        var random = new Random(seed);
        var list = new List<Memory<byte>>();
        int at = 0;
        while (list.Count < parts - 1)
        {
            int length = random.Next(3) == 0 ? 0 : Math.Min(content.Length - at, random.Next((2 * content.Length / parts) + 2));
            list.Add(content.AsMemory(at, length));
            at += length;
        }

        list.Add(content.AsMemory(at));
        return list;
    }

    private FrameId Id(int number) => new(1, 77, number);

    private async Task Reopen(BlobBudget budget)
    {
        await Store.DisposeAsync();
        _store = await OpenAsync(budget, TimeToLive);
    }

    private async Task<FrameId> Write(SnapshotOwner owner, byte[] content)
    {
        var id = new FrameId(2, Interlocked.Increment(ref _saves), 0);
        Assert.Equal(FrameWrite.Written, await Store.WriteFrameAsync(owner, id, [content], None));
        return id;
    }

    private async Task<byte[]> Read(SnapshotOwner owner, FrameId id, int bytes)
    {
        var content = new byte[bytes];
        Assert.Equal(FrameRead.Read, await Store.ReadFrameAsync(owner, id, [content], None));
        return content;
    }

    private ValueTask<PublishResult> Publish(
        SnapshotOwner owner, ManifestStamp? expected, ManifestStamp stamp, byte[] body, params FrameId[] frames) =>
        Store.PublishAsync(owner, new ManifestPublication { Expected = expected, Stamp = stamp, Body = body, Frames = frames }, None);

    private async Task<HashSet<SnapshotOwner>> Owners(string? tenant)
    {
        var owners = new HashSet<SnapshotOwner>();
        await foreach (SnapshotOwner owner in Store.OwnersAsync(tenant, None))
        {
            Assert.True(owners.Add(owner), $"{owner} is listed twice");
        }

        return owners;
    }
}
