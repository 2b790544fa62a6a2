using KVCluster.Inference.Kv;
using KVCluster.Storage.Inspection;
using KVCluster.Storage.Tests.Support;

namespace KVCluster.Storage.Tests.Inspection;

public sealed class ColdInspectorTests
{
    private static readonly int[] History = ColdFixture.Tokens(90);
    private static readonly SnapshotOwner Bob = new("acme", "bob");
    private static readonly SnapshotOwner Cleo = new("bolt", "cleo");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Verifying_reads_everything_and_finds_what_is_damaged(bool encrypted)
    {
        await using ColdFixture cold = await Filled(encrypted);
        var inspector = new ColdInspector(cold.Blobs, cold.Options.Keys);
        Assert.All(await Verify(inspector, null), v => Assert.Equal((null, 6), (v.Fault, v.Frames)));
        Assert.Equal(2, (await Verify(inspector, "acme")).Count);

        string frame = Directory.GetFiles(cold.Path, "*.frame", SearchOption.AllDirectories)[4];
        byte[] content = await File.ReadAllBytesAsync(frame);
        content[9] ^= 4;
        await File.WriteAllBytesAsync(frame, content);
        ColdVerdict bad = Assert.Single(await Verify(inspector, null), v => v.Fault is not null);
        Assert.Equal(MissCause.CorruptFrame, bad.Fault);
        Assert.NotNull(bad.Reason);
        File.Delete(frame);
        Assert.Equal(MissCause.MissingFrame, (await inspector.VerifyAsync(bad.Owner, CancellationToken.None)).Fault);
    }

    [Fact]
    public async Task Without_the_key_nothing_can_be_verified_or_shown()
    {
        await using ColdFixture cold = await Filled(encrypted: true);
        var inspector = new ColdInspector(cold.Blobs);
        Assert.Equal(2, (await Verify(inspector, "acme")).Count(v => v.Fault == MissCause.NoKey));
        Assert.Equal(MissCause.NoKey, (await inspector.ShowAsync(Bob, CancellationToken.None))!.Fault);
    }

    [Fact]
    public async Task Showing_tells_what_the_copies_are()
    {
        await using ColdFixture cold = await Filled(encrypted: false);
        using KvCache cache = cold.Arena.Cache(History);
        cold.Arena.Compact(cache, (l, h, s) => s % 3 == 0 || l == 0);
        await cold.SaveAsync(cache, History, epoch: 4, record: [7]);
        var inspector = new ColdInspector(cold.Blobs);
        ColdDescription shown = (await inspector.ShowAsync(ColdFixture.Ann, CancellationToken.None))!;
        Assert.Equal((4, 2, "model-1", 2), (shown.Epoch, shown.Generation, shown.Terms!.ModelFingerprint, shown.Copies.Count));
        Assert.Equal((true, false), (shown.Copies[0].IsExact, shown.Copies[0].IsCompressed));
        Assert.Equal((false, true, 90), (shown.Copies[1].IsExact, shown.Copies[1].IsCompressed, shown.Copies[1].Tokens));
        Assert.Equal([90, 90, 30, 30, 30, 30], shown.Copies[1].Lengths);
        Assert.Equal([7], shown.Copies[1].CompressionRecord.ToArray());
        Assert.Equal([SnapshotCodec.Raw], shown.Copies[1].Codecs);
        Assert.Empty(shown.Copies[1].KeyIds);
        Assert.Null(await inspector.ShowAsync(new("acme", "nobody"), CancellationToken.None));
    }

    [Fact]
    public async Task Purging_takes_a_session_a_tenant_or_all()
    {
        await using ColdFixture cold = await Filled(encrypted: false);
        var inspector = new ColdInspector(cold.Blobs);
        Assert.Equal(1, await inspector.PurgeAsync("acme", "bob", CancellationToken.None));
        Assert.Equal(0, await inspector.PurgeAsync("acme", "bob", CancellationToken.None));
        Assert.Null(await inspector.ShowAsync(Bob, CancellationToken.None));
        Assert.Equal(1, await inspector.PurgeAsync("acme", null, CancellationToken.None));
        Assert.Equal(["bolt"], (await inspector.StatisticsAsync(CancellationToken.None)).Tenants.Keys);
        Assert.Equal(1, await inspector.PurgeAsync(null, null, CancellationToken.None));
        Assert.Equal(0, (await inspector.StatisticsAsync(CancellationToken.None)).Total.Bytes);
    }

    private static async Task<ColdFixture> Filled(bool encrypted)
    {
        var cold = new ColdFixture(options: ColdFixture.Small with { Keys = encrypted ? ColdFixture.Keys("k1") : null });
        using KvCache cache = cold.Arena.Cache(History);
        foreach (SnapshotOwner owner in new[] { ColdFixture.Ann, Bob, Cleo })
        {
            await cold.PublishedAsync(cache, History, owner: owner);
        }

        return cold;
    }

    private static async Task<List<ColdVerdict>> Verify(ColdInspector inspector, string? tenant)
    {
        var verdicts = new List<ColdVerdict>();
        await foreach (ColdVerdict verdict in inspector.VerifyAsync(tenant, CancellationToken.None))
        {
            verdicts.Add(verdict);
        }

        return verdicts;
    }
}
