using KVCluster.Inference.Kv;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Redis;
using KVCluster.Storage.Redis.Blobs;
using KVCluster.Storage.Tests.Redis.Support;
using KVCluster.Storage.Tests.Support;
using KVCluster.TestSupport.Redis;

namespace KVCluster.Storage.Tests.Redis.Snapshots;

/// <summary>
/// A conversation of the bundled model saved to and loaded from a real server that fails in every way: a hit, or a miss with its cause and
/// a
/// recomputation; the next token's logits are the same bits in each case.
/// </summary>
public sealed class RedisFaultMatrixTests(ModelFixture model) : IClassFixture<ModelFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly SnapshotOwner Owner = new("acme", "ann");
    private static readonly SnapshotStoreOptions Small = new() { SegmentTokens = 64, FrameBytes = 1 };

    [RedisFact]
    public async Task No_fault_a_hit()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisClient client = Client(server.Address);
        await using SnapshotStore store = Store(client);
        await PublishedAsync(store);
        Assert.Equal(model.History.Length, await ResumeAsync(store, null));
    }

    [RedisFact]
    public async Task Killed_while_frames_are_written()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisClient client = Client(server.Address);
        var blobs = new FaultyStore(Blobs(client));
        await using var store = new SnapshotStore(blobs, Small);
        int written = 0;
        blobs.OnWrite = _ =>
        {
            if (Interlocked.Increment(ref written) == 5)
            {
                server.Kill();
            }

            return null;
        };
        Assert.Equal(SaveOutcome.Unavailable, (await SaveAsync(store)).Outcome);
        await ResumeAsync(store, MissCause.Unavailable);
        await server.RestartAsync();
        await ResumeAsync(store, MissCause.Absent);
        await PublishedAsync(store);
        await ResumeAsync(store, null);
    }

    [RedisFact]
    public async Task Killed_between_frames_and_manifest()
    {
        await using RedisServer server = await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always");
        await using RedisClient client = Client(server.Address);
        var blobs = new FaultyStore(Blobs(client));
        await using var store = new SnapshotStore(blobs, Small);
        await PublishedAsync(store, ModelFixture.Chunk);
        blobs.BeforePublish = () =>
        {
            server.Kill();
            return Task.CompletedTask;
        };
        Assert.Equal(SaveOutcome.Unavailable, (await SaveAsync(store)).Outcome);
        blobs.BeforePublish = null;
        await server.RestartAsync();
        Assert.Equal(ModelFixture.Chunk, await ResumeAsync(store, null));
        await PublishedAsync(store);
        Assert.Equal(model.History.Length, await ResumeAsync(store, null));
    }

    [RedisFact]
    public async Task Restarted_empty()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisClient client = Client(server.Address);
        await using SnapshotStore store = Store(client);
        await PublishedAsync(store);
        server.Kill();
        await ResumeAsync(store, MissCause.Unavailable);
        await server.RestartAsync();
        await ResumeAsync(store, MissCause.Absent);
        await PublishedAsync(store);
        Assert.Equal(model.History.Length, await ResumeAsync(store, null));
    }

    [RedisFact]
    public async Task Full_and_evicting_nothing()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisClient client = Client(server.Address);
        await using SnapshotStore store = Store(client);
        await PublishedAsync(store, ModelFixture.Chunk);
        await client.ExecuteAsync(new RedisCommand("CONFIG", "SET", "maxmemory", "1mb") { KeyIndex = 0 }, default);
        Assert.Equal(SaveOutcome.OverBudget, (await SaveAsync(store)).Outcome);
        Assert.Equal(ModelFixture.Chunk, await ResumeAsync(store, null));
    }

    [RedisFact]
    public async Task Full_and_evicting_a_part_of_a_session()
    {
        await using RedisServer server = await RedisServer.StartAsync("--maxmemory-policy", "volatile-lru", "--maxmemory-samples", "10");
        await using RedisClient client = Client(server.Address);
        await using SnapshotStore store = Store(client);
        long stored = (await PublishedAsync(store)).StoredBytes;
        string info = (await client.ExecuteAsync(new RedisCommand("INFO", "memory") { KeyIndex = 0 }, default)).Text;
        long used = long.Parse(info.Split('\n').Single(l => l.StartsWith("used_memory:", StringComparison.Ordinal)).Split(':')[1]);
        await client.ExecuteAsync(new RedisCommand("CONFIG", "SET", "maxmemory", used - (stored / 3)) { KeyIndex = 0 }, default);
        await client.ExecuteAsync(new RedisCommand("SET", "other", "x"), default);
        await ResumeAsync(store, MissCause.MissingFrame, MissCause.Absent);
    }

    [RedisFact]
    public async Task Slow_for_ten_seconds()
    {
        var time = new StepTime();
        await using RedisServer server = await RedisServer.StartAsync();
        await using var proxy = new FaultProxy(server.Port);
        await using var client = new RedisClient(RedisOptions.Parse($"{proxy.Address}?connections=1"), time);
        await using SnapshotStore store = Store(client);
        await PublishedAsync(store);
        proxy.GoSilent();
        Task<int> resume = ResumeAsync(store, MissCause.Unavailable);
        await time.PassUntilAsync(resume, TimeSpan.FromSeconds(10));
        await resume;
        await ResumeAsync(store, MissCause.Unavailable);
        proxy.Speak();
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(model.History.Length, await ResumeAsync(store, null));
    }

    [RedisFact]
    public async Task Reset_in_the_middle_of_a_save()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using var proxy = new FaultProxy(server.Port);
        await using RedisClient client = Client(proxy.Address);
        await using SnapshotStore store = Store(client);
        await PublishedAsync(store, ModelFixture.Chunk);
        proxy.ResetAfter(100_000);
        Assert.Equal(SaveOutcome.Unavailable, (await SaveAsync(store)).Outcome);
        Assert.Equal(ModelFixture.Chunk, await ResumeAsync(store, null));
        await PublishedAsync(store);
        Assert.Equal(model.History.Length, await ResumeAsync(store, null));
    }

    [RedisFact]
    public async Task Reset_in_the_middle_of_a_load()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using var proxy = new FaultProxy(server.Port);
        await using RedisClient client = Client(proxy.Address);
        await using SnapshotStore store = Store(client);
        await PublishedAsync(store);
        proxy.ResetAnswersAfter(100_000);
        await ResumeAsync(store, MissCause.Unavailable);
        Assert.Equal(model.History.Length, await ResumeAsync(store, null));
    }

    [RedisFact]
    public async Task A_read_only_replica()
    {
        await using RedisServer master = await RedisServer.StartAsync();
        await using RedisClient writing = Client(master.Address);
        await using SnapshotStore written = Store(writing);
        await PublishedAsync(written, ModelFixture.Chunk);
        await using RedisServer replica = await RedisServer.StartAsync("--replicaof", "127.0.0.1", $"{master.Port}");
        await using RedisClient client = Client(replica.Address);
        var info = new RedisCommand("INFO", "replication") { KeyIndex = 0 };
        await Wait.UntilAsync(async () => (await client.ExecuteAsync(info, default)).Text.Contains("master_link_status:up"));
        await using SnapshotStore store = Store(client);
        SnapshotSave save = await SaveAsync(store);
        Assert.Equal(SaveOutcome.Unavailable, save.Outcome);
        Assert.Contains("READONLY", save.Reason);
        Assert.Equal(ModelFixture.Chunk, await ResumeAsync(store, null));
    }

    [RedisFact]
    public async Task A_wrong_password()
    {
        await using RedisServer server = await RedisServer.StartAsync("--requirepass", "correct-horse");
        await using RedisClient client = Client($"redis://:battery-staple@{server.Address}");
        await using SnapshotStore store = Store(client);
        SnapshotSave save = await SaveAsync(store);
        Assert.Equal(SaveOutcome.Unavailable, save.Outcome);
        Assert.DoesNotContain("battery", save.Reason);
        await ResumeAsync(store, MissCause.Unavailable);
    }

    [RedisFact]
    public async Task A_certificate_of_another_authority()
    {
        using var folder = new TemporaryFolder();
        var authority = new TestCertificates(folder.Path, "authority");
        var stranger = new TestCertificates(folder.Path, "stranger");
        (string certificate, string key) = authority.Issue("redis.test", loopback: true);
        await using RedisServer server = await RedisServer.StartAsync(
            "--port", "0", "--tls-port", "{port}", "--tls-cert-file", certificate, "--tls-key-file", key,
            "--tls-ca-cert-file", authority.AuthorityFile, "--tls-auth-clients", "no");
        await using RedisClient client = Client($"rediss://{server.Address}?tls_ca={stranger.AuthorityFile}");
        await using SnapshotStore store = Store(client);
        Assert.Equal(SaveOutcome.Unavailable, (await SaveAsync(store)).Outcome);
        await ResumeAsync(store, MissCause.Unavailable);
    }

    [RedisFact]
    public async Task Flipped_bits_and_cut_frames_in_the_server()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisClient client = Client(server.Address);
        await using SnapshotStore store = Store(client);
        await PublishedAsync(store);
        RespValue keys = await client.ExecuteAsync(new RedisCommand("KEYS", "*:f:*") { KeyIndex = 0 }, default);
        Assert.True(keys.Items.Count > 4);
        var random = new Random(3);
        foreach (RespValue key in keys.Items)
        {
            byte[] whole = (await client.ExecuteAsync(new RedisCommand("GET", key.Bytes), default)).Bytes.ToArray();
            byte[] flipped = [.. whole];
            flipped[random.Next(whole.Length)] ^= (byte)(1 << random.Next(8));
            foreach (byte[] damaged in new[] { flipped, whole[..^1], [.. whole, 0], [] })
            {
                await client.ExecuteAsync(new RedisCommand("SET", key.Bytes, damaged, "KEEPTTL"), default);
                Assert.Equal(MissCause.CorruptFrame, (await LoadAsync(store)).Miss);
            }

            await client.ExecuteAsync(new RedisCommand("SET", key.Bytes, whole, "KEEPTTL"), default);
        }

        await ResumeAsync(store, null);
    }

    [RedisFact]
    public async Task A_flipped_bit_of_the_manifest_in_the_server()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisClient client = Client(server.Address);
        await using SnapshotStore store = Store(client);
        await PublishedAsync(store);
        const string Key = "kvcluster:{acme/ann}:m";
        var random = new Random(4);
        foreach (string field in new[] { "e", "g", "f", "b", "c" })
        {
            byte[] whole = (await client.ExecuteAsync(new RedisCommand("HGET", Key, field), default)).Bytes.ToArray();
            byte[] flipped = [.. whole];
            flipped[random.Next(whole.Length)] ^= (byte)(1 << random.Next(8));
            await client.ExecuteAsync(new RedisCommand("HSET", Key, field, flipped), default);
            Assert.Equal(MissCause.CorruptManifest, (await LoadAsync(store)).Miss);
            await client.ExecuteAsync(new RedisCommand("HSET", Key, field, whole), default);
        }

        await ResumeAsync(store, null);
    }

    [RedisFact]
    public async Task Two_writers_and_an_older_epoch()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisClient client = Client(server.Address);
        await using SnapshotStore store = Store(client);
        SnapshotSave[] saves = await Task.WhenAll(SaveAsync(store, epoch: 5), SaveAsync(store, epoch: 6));
        Assert.Contains(saves, s => s.Outcome == SaveOutcome.Published);
        await PublishedAsync(store, epoch: 6);
        Assert.Equal(SaveOutcome.Fenced, (await SaveAsync(store, epoch: 5)).Outcome);
        Assert.Equal(MissCause.LaterEpoch, (await LoadAsync(store, epoch: 5)).Miss);
        Assert.Null((await LoadAsync(store, epoch: 6)).Miss);
    }

    [RedisFact]
    public async Task A_client_whose_clock_is_decades_off()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisClient client = new(RedisOptions.Parse(server.Address), new StepTime());
        await using SnapshotStore store = Store(client);
        await PublishedAsync(store);
        await using RedisClient other = Client(server.Address);
        await using SnapshotStore reader = Store(other);
        Assert.Equal(model.History.Length, await ResumeAsync(reader, null));
    }

    private static RedisClient Client(string address) => new(RedisOptions.Parse(address) with
    {
        BackoffFirst = TimeSpan.FromTicks(1),
        BackoffLast = TimeSpan.FromTicks(1),
        CallTimeout = Limit,
        ConnectTimeout = Limit,
    });

    private static RedisBlobStore Blobs(RedisClient client) =>
        new(client, new RedisBlobStoreOptions { Budget = new BlobBudget { TotalBytes = 1L << 40 } });

    private static SnapshotStore Store(RedisClient client) => new(Blobs(client), Small);

    private async Task<SnapshotSave> SaveAsync(SnapshotStore store, int? tokens = null, long epoch = 1)
    {
        int[] history = model.History[..(tokens ?? model.History.Length)];
        using KvCache cache = model.Empty();
        model.Prefill(cache, history);
        var source = new SnapshotSource { Owner = Owner, Terms = model.Terms, Epoch = epoch, Cache = cache, Tokens = history };
        return await store.SaveAsync(source, default).AsTask().WaitAsync(Limit);
    }

    private async Task<SnapshotSave> PublishedAsync(SnapshotStore store, int? tokens = null, long epoch = 1)
    {
        SnapshotSave save = await SaveAsync(store, tokens, epoch);
        Assert.True(save.Outcome == SaveOutcome.Published, save.Reason);
        return save;
    }

    private async Task<SnapshotLoad> LoadAsync(SnapshotStore store, long epoch = 1, KvCache? into = null)
    {
        var query = new SnapshotQuery { Owner = Owner, Terms = model.Terms, Epoch = epoch, Tokens = model.History };
        KvCache cache = into ?? model.Empty();
        try
        {
            return await store.LoadAsync(query, cache, default).AsTask().WaitAsync(Limit);
        }
        finally
        {
            if (into is null)
            {
                cache.Dispose();
            }
        }
    }

    /// <summary>Comes back to the conversation as serving does and compares the next token's logits; gives the tokens loaded.</summary>
    private async Task<int> ResumeAsync(SnapshotStore store, params MissCause?[]? expected)
    {
        using KvCache cache = model.Empty();
        SnapshotLoad load = await LoadAsync(store, into: cache);
        Assert.Contains(load.Miss, expected ?? [null]);
        Assert.Equal(load.Tokens, cache.LogicalLength);
        model.Prefill(cache, model.History);
        Assert.Equal(model.Expected, model.Next(cache));
        return load.Tokens;
    }
}
