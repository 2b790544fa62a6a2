using KVCluster.Inference.Kv;
using KVCluster.Storage.Encryption;
using KVCluster.Storage.Tests.Support;

namespace KVCluster.Storage.Tests.Snapshots;

public sealed class KeyTests
{
    private static readonly int[] History = ColdFixture.Tokens(150);

    [Fact]
    public async Task A_rotated_key_reads_what_the_earlier_wrote_and_writes_with_the_later()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small with { Keys = ColdFixture.Keys("2026-01") });
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        await cold.ReopenAsync(ColdFixture.Small with { Keys = ColdFixture.Keys("2026-01", "2026-07") });
        cold.Arena.Append(cache, [1, 2, 3]);
        int[] longer = [.. History, 1, 2, 3];
        SnapshotSave save = await cold.SaveAsync(cache, longer);
        Assert.InRange(save.WrittenBytes, 1, save.StoredBytes / 10);
        var (_, copy) = await cold.LoadAsync(cold.Query(longer));
        cold.Arena.AssertSame(cache, copy);
        copy.Dispose();

        // The manifest needs the later key, the earlier frames the earlier one.
        await cold.ReopenAsync(ColdFixture.Small with { Keys = ColdFixture.Keys("2026-07") });
        Assert.Equal(MissCause.NoKey, await cold.MissAsync(cold.Query(longer)));
        await cold.PublishedAsync(cache, longer);
        Assert.Null(await cold.MissAsync(cold.Query(longer)));
    }

    [Fact]
    public async Task Without_the_key_there_is_no_copy()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small with { Keys = ColdFixture.Keys("k1") });
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        foreach (ITenantKeys? keys in new[] { null, ColdFixture.Keys("k2"), TenantKeyRing.FromJson("{}") })
        {
            await cold.ReopenAsync(ColdFixture.Small with { Keys = keys });
            Assert.Equal(MissCause.NoKey, await cold.MissAsync(cold.Query(History)));
        }
    }

    [Fact]
    public async Task Another_key_under_the_same_id_opens_nothing()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small with { Keys = ColdFixture.Keys("k1") });
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        string wrong = Convert.ToBase64String(new byte[32]);
        await cold.ReopenAsync(ColdFixture.Small with { Keys = TenantKeyRing.FromJson($"{{\"acme\": {{\"k1\": \"{wrong}\"}}}}") });
        Assert.Equal(MissCause.CorruptManifest, await cold.MissAsync(cold.Query(History)));
    }

    [Fact]
    public async Task A_plain_copy_of_a_tenant_with_a_key_is_not_trusted()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small);
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        await cold.ReopenAsync(ColdFixture.Small with { Keys = ColdFixture.Keys("k1") });
        Assert.Equal(MissCause.NoKey, await cold.MissAsync(cold.Query(History)));
        await cold.PublishedAsync(cache, History);
        Assert.Null(await cold.MissAsync(cold.Query(History)));
    }

    [Fact]
    public async Task Nothing_of_an_encrypted_copy_is_readable()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small with { Keys = ColdFixture.Keys("k1") });
        using KvCache cache = cold.Arena.Cache(History);
        byte[] row = new byte[64];
        cold.Arena.Store.PageMemory(cache.KeyPages(1, 0)[2]).Span[..64].CopyTo(row);
        await cold.PublishedAsync(cache, History);
        foreach (string path in Directory.GetFiles(cold.Path, "*", SearchOption.AllDirectories).Where(p => !p.EndsWith("lock")))
        {
            byte[] content = await File.ReadAllBytesAsync(path);
            Assert.True(content.AsSpan().IndexOf(row) < 0, path);
            Assert.True(path.EndsWith("owner") || content.AsSpan().IndexOf("model-1"u8) < 0, path);
        }
    }

    [Fact]
    public async Task Equal_rows_are_encrypted_differently_for_each_session_and_save()
    {
        await using var cold = new ColdFixture(options: ColdFixture.Small with { Keys = ColdFixture.Keys("k1") });
        using KvCache cache = cold.Arena.Cache(History);
        await cold.PublishedAsync(cache, History);
        await cold.PublishedAsync(cache, History, owner: new SnapshotOwner("acme", "bob"));
        string[] frames = Directory.GetFiles(cold.Path, "*.frame", SearchOption.AllDirectories);
        Assert.Equal(frames.Length, frames.Select(f => Convert.ToHexString(File.ReadAllBytes(f).AsSpan(0, 64))).Distinct().Count());
    }
}
