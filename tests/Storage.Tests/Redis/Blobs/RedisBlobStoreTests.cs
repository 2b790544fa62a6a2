using System.Text;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Redis;
using KVCluster.Storage.Redis.Blobs;
using KVCluster.Storage.Tests.Redis.Support;
using KVCluster.TestSupport.Redis;

namespace KVCluster.Storage.Tests.Redis.Blobs;

/// <summary>What is Redis' own about the store: keys, times to live, accounting, scripts. Each test has a prefix of its own.</summary>
public sealed class RedisBlobStoreTests(RedisFixture fixture) : IClassFixture<RedisFixture>, IAsyncLifetime
{
    private readonly string _prefix = $"test-{Guid.NewGuid():N}";
    private RedisClient? _client;

    private RedisClient Client => _client!;

    public Task InitializeAsync()
    {
        _client = RedisProgram.SkipReason is null ? fixture.Client() : null;
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.DisposeAsync();
        }
    }

    [RedisFact]
    public async Task Every_key_has_a_time_to_live()
    {
        RedisBlobStore store = Store();
        var session = new StoreSession(store);
        await session.WriteAsync(StoreSession.Frame(0), 1000);
        await session.PublishAsync(null, new ManifestStamp(1, 1), [1, 2, 3], StoreSession.Frame(0));
        string[] keys = [.. (await KeysAsync()).Order()];
        Assert.Equal(6, keys.Length);
        foreach (string key in keys)
        {
            long left = (await Client.ExecuteAsync(new RedisCommand("PTTL", key), default)).Integer;
            Assert.True(left is > 0 and <= 3_630_000, $"{key} lives {left} ms");
        }
    }

    [RedisFact]
    public async Task An_owners_keys_share_one_hash_tag()
    {
        var session = new StoreSession(Store());
        await session.WriteAsync(StoreSession.Frame(0), 10);
        await session.PublishAsync(null, new ManifestStamp(1, 1), [1], StoreSession.Frame(0));
        string[] keys = [.. (await KeysAsync()).Where(k => !k.Contains("{ledger}", StringComparison.Ordinal)).Order()];
        Assert.Equal([$"{_prefix}:{{tenant/session}}:f:1-000000000000004d-0", $"{_prefix}:{{tenant/session}}:m"], keys);
    }

    [RedisFact]
    public async Task Names_that_look_like_other_keys_stay_in_their_place()
    {
        RedisBlobStore store = Store();
        (string Tenant, string Session)[] owners =
        [
            ("a/b", "c"), ("a", "b/c"), ("a}", "b{"), ("{x}", ""), ("", "x"), ("*", "%2A"), ("ledger", ":m"), ("ü\n", "\0"), ("%", "a b"),
        ];
        foreach (var (tenant, session) in owners)
        {
            byte[] body = Encoding.UTF8.GetBytes($"{tenant}|{session}");
            PublishResult result = await new StoreSession(store, tenant, session).PublishAsync(null, new ManifestStamp(1, 1), body);
            Assert.Equal(PublishResult.Published, result);
        }

        foreach (var (tenant, session) in owners)
        {
            StoredManifest? manifest = await new StoreSession(store, tenant, session).ManifestAsync();
            Assert.Equal($"{tenant}|{session}", Encoding.UTF8.GetString(manifest!.Body.Span));
        }

        List<SnapshotOwner> listed = await ListAsync(store, null);
        Assert.Equal(owners.Select(o => new SnapshotOwner(o.Tenant, o.Session)).ToHashSet(), listed.ToHashSet());
        Assert.Equal(owners.Length, listed.Count);
        Assert.Equal([new SnapshotOwner("a", "b/c")], await ListAsync(store, "a"));
        Assert.Equal(owners.Length, (await store.StatisticsAsync(default)).Tenants.Count);
    }

    [RedisFact]
    public async Task What_has_expired_is_no_longer_counted_nor_listed()
    {
        RedisBlobStore store = Store();
        var session = new StoreSession(store);
        await session.WriteAsync(StoreSession.Frame(0), 1000);
        await session.PublishAsync(null, new ManifestStamp(1, 1), [1, 2, 3], StoreSession.Frame(0));
        Assert.Equal(new BlobUsage(1003, 1, 1), (await store.StatisticsAsync(default)).Total);
        await MakeDueAsync();
        BlobStatistics after = await store.StatisticsAsync(default);
        Assert.Equal(default, after.Total);
        Assert.Empty(after.Tenants);
        Assert.Empty(await ListAsync(store, null));
    }

    [RedisFact]
    public async Task Due_entries_make_room_for_a_writer()
    {
        RedisBlobStore store = Store(new BlobBudget { TotalBytes = 1000 });
        var session = new StoreSession(store);
        Assert.Equal(FrameWrite.Written, await session.WriteAsync(StoreSession.Frame(0), 900));
        Assert.Equal(FrameWrite.OverBudget, await session.WriteAsync(StoreSession.Frame(1), 900));
        await MakeDueAsync();
        Assert.Equal(FrameWrite.Written, await session.WriteAsync(StoreSession.Frame(2), 900));
        Assert.Equal(new BlobUsage(900, 1, 0), (await store.StatisticsAsync(default)).Total);
    }

    [RedisFact]
    public async Task A_frame_that_no_manifest_names_is_kept_and_counted_for_a_save_only()
    {
        RedisBlobStore store = Store();
        var session = new StoreSession(store);
        await session.WriteAsync(StoreSession.Frame(0), 1000);
        await session.WriteAsync(StoreSession.Frame(1), 1000);
        await session.PublishAsync(null, new ManifestStamp(1, 1), [1], StoreSession.Frame(0));
        string key = $"{_prefix}:{{tenant/session}}:f:{StoreSession.Frame(0)}";
        Assert.InRange((await Client.ExecuteAsync(new RedisCommand("PTTL", key), default)).Integer, 3_500_000, 3_600_000);
        Assert.InRange((await Client.ExecuteAsync(new RedisCommand("PTTL", key[..^1] + "1"), default)).Integer, 800_000, 900_000);
        RespValue soon = await Client.ExecuteAsync(new RedisCommand("ZRANGEBYSCORE", Ledger("due"), "-inf", Now() + 1_000_000), default);
        Assert.Equal([$"f/tenant/session/{StoreSession.Frame(1)}"], soon.Items.Select(i => i.Text));
    }

    [RedisFact]
    public async Task Renewing_moves_keys_and_entries_alike()
    {
        RedisBlobStore store = Store();
        var session = new StoreSession(store);
        await session.WriteAsync(StoreSession.Frame(0), 1000);
        await session.PublishAsync(null, new ManifestStamp(1, 1), [1, 2, 3], StoreSession.Frame(0));
        string[] keys = [.. await KeysAsync()];
        foreach (string key in keys)
        {
            await Client.ExecuteAsync(new RedisCommand("PEXPIRE", key, 60_000), default);
        }

        await MakeDueAsync(60_000);
        await store.RenewAsync(session.Owner, [StoreSession.Frame(0)], default);
        foreach (string key in keys)
        {
            Assert.True((await Client.ExecuteAsync(new RedisCommand("PTTL", key), default)).Integer > 3_000_000, key);
        }

        RespValue soon = await Client.ExecuteAsync(new RedisCommand("ZCOUNT", Ledger("due"), "-inf", Now() + 3_000_000), default);
        Assert.Equal(0, soon.Integer);
    }

    [RedisTheory]
    [InlineData("due")]
    [InlineData("bytes")]
    [InlineData("usage")]
    [InlineData("manifests")]
    public async Task A_ledger_that_lost_a_part_begins_anew_and_never_goes_wrong(string part)
    {
        RedisBlobStore store = Store();
        var session = new StoreSession(store);
        await session.WriteAsync(StoreSession.Frame(0), 1000);
        await session.PublishAsync(null, new ManifestStamp(1, 1), [1, 2, 3], StoreSession.Frame(0));
        await Client.ExecuteAsync(new RedisCommand("DEL", Ledger(part)), default);
        await session.WriteAsync(StoreSession.Frame(1), 500);
        await store.DeleteFramesAsync(session.Owner, [StoreSession.Frame(0)], default);
        Assert.Equal(new BlobUsage(500, 1, 0), (await store.StatisticsAsync(default)).Total);
        Assert.NotNull(await session.ManifestAsync());
    }

    [RedisFact]
    public async Task Epochs_and_generations_of_any_size_compare_as_numbers()
    {
        var session = new StoreSession(Store());
        var first = new ManifestStamp(-5, 3);
        var second = new ManifestStamp((1L << 53) + 1, 4);
        var third = new ManifestStamp(long.MaxValue, long.MaxValue);
        Assert.Equal(PublishResult.Published, await session.PublishAsync(null, first, [1]));
        Assert.Equal(PublishResult.Published, await session.PublishAsync(first, second, [2]));
        Assert.Equal(PublishResult.Fenced, await session.PublishAsync(second, new ManifestStamp(1L << 53, 5), [3]));
        Assert.Equal(PublishResult.Published, await session.PublishAsync(second, third, [4]));
        Assert.Equal(third, (await session.ManifestAsync())!.Stamp);
    }

    [RedisFact]
    public async Task Of_writers_at_once_one_publishes_and_the_count_is_of_one()
    {
        RedisBlobStore store = Store();
        var session = new StoreSession(store);
        PublishResult[] results = await Task.WhenAll(Enumerable.Range(0, 16)
            .Select(i => session.PublishAsync(null, new ManifestStamp(1, 1 + i), [1, 2, (byte)i])));
        Assert.Single(results, PublishResult.Published);
        Assert.Equal(15, results.Count(r => r == PublishResult.Conflict));
        Assert.Equal(new BlobUsage(3, 0, 1), (await store.StatisticsAsync(default)).Total);
    }

    [RedisTheory]
    [InlineData("b")]
    [InlineData("e")]
    [InlineData("g")]
    [InlineData("f")]
    [InlineData("c")]
    public async Task A_manifest_with_any_part_changed_or_gone_is_damaged_and_counts_as_none(string field)
    {
        RedisBlobStore store = Store();
        var session = new StoreSession(store);
        var stamp = new ManifestStamp(7, 1);
        await session.PublishAsync(null, stamp, [1, 2, 3], StoreSession.Frame(0));
        string key = $"{_prefix}:{{tenant/session}}:m";
        byte[] value = (await Client.ExecuteAsync(new RedisCommand("HGET", key, field), default)).Bytes.ToArray();
        value[^1] ^= 1;
        await Client.ExecuteAsync(new RedisCommand("HSET", key, field, value), default);
        Assert.True((await session.ManifestAsync())!.IsDamaged);
        Assert.Equal(PublishResult.Conflict, await session.PublishAsync(stamp, new ManifestStamp(7, 2), [4]));
        await Client.ExecuteAsync(new RedisCommand("HDEL", key, field), default);
        Assert.True((await session.ManifestAsync())!.IsDamaged);
        Assert.Equal(PublishResult.Published, await session.PublishAsync(null, new ManifestStamp(6, 1), [4]));
        Assert.False((await session.ManifestAsync())!.IsDamaged);
    }

    [RedisFact]
    public async Task Other_prefixes_do_not_see_each_other()
    {
        await new StoreSession(Store()).PublishAsync(null, new ManifestStamp(1, 1), [1]);
        var other = new RedisBlobStore(Client, Options(_prefix + "x"));
        Assert.Null(await new StoreSession(other).ManifestAsync());
        Assert.Equal(default, (await other.StatisticsAsync(default)).Total);
    }

    [RedisFact]
    public async Task More_owners_than_a_page_of_the_index_are_listed_once_each()
    {
        RedisBlobStore store = Store();
        await Task.WhenAll(Enumerable.Range(0, 1100).Select(i =>
            new StoreSession(store, $"t{i % 3}", $"s{i}").PublishAsync(null, new ManifestStamp(1, 1), [1])));
        List<SnapshotOwner> all = await ListAsync(store, null);
        Assert.Equal(1100, all.Count);
        Assert.Equal(1100, all.Distinct().Count());
        Assert.Equal(367, (await ListAsync(store, "t1")).Count);
    }

    private static long Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private static RedisBlobStoreOptions Options(string prefix, BlobBudget? budget = null) => new()
    {
        Prefix = prefix,
        TimeToLive = TimeSpan.FromHours(1),
        Budget = budget ?? new BlobBudget { TotalBytes = 1L << 40 },
    };

    private static async Task<List<SnapshotOwner>> ListAsync(RedisBlobStore store, string? tenant)
    {
        List<SnapshotOwner> owners = [];
        await foreach (SnapshotOwner owner in store.OwnersAsync(tenant, default))
        {
            owners.Add(owner);
        }

        return owners;
    }

    private RedisBlobStore Store(BlobBudget? budget = null) => new(Client, Options(_prefix, budget));

    private string Ledger(string part) => $"{_prefix}:{{ledger}}:{part}";

    private async Task<IEnumerable<string>> KeysAsync() =>
        (await Client.ExecuteAsync(new RedisCommand("KEYS", $"{_prefix}:*") { KeyIndex = 0 }, default)).Items.Select(k => k.Text);

    /// <summary>Lets the time to live of every entry run out, but for so many milliseconds.</summary>
    private async Task MakeDueAsync(long left = 0)
    {
        RespValue entries = await Client.ExecuteAsync(new RedisCommand("ZRANGE", Ledger("due"), 0, -1), default);
        foreach (RespValue entry in entries.Items)
        {
            await Client.ExecuteAsync(new RedisCommand("ZADD", Ledger("due"), left == 0 ? 0 : Now() + left, entry.Bytes), default);
        }
    }
}
