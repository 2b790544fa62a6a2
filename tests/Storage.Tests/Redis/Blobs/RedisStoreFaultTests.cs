using KVCluster.Storage.Blobs;
using KVCluster.Storage.Redis;
using KVCluster.Storage.Redis.Blobs;
using KVCluster.Storage.Tests.Redis.Support;
using KVCluster.TestSupport.Redis;

namespace KVCluster.Storage.Tests.Redis.Blobs;

/// <summary>The fault matrix at the level of blobs: a miss, a refusal, or StoreUnavailableException; never foreign content.</summary>
public sealed class RedisStoreFaultTests
{
    private const int FrameBytes = 200_000;

    private static readonly ManifestStamp First = new(1, 1);
    private static readonly ManifestStamp Second = new(1, 2);

    [RedisFact]
    public async Task Killed_while_frames_are_written_nothing_is_published_and_the_store_serves_again()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisClient client = Client(server.Address);
        RedisBlobStore store = Store(client);
        var session = new StoreSession(store);
        await session.WriteAsync(StoreSession.Frame(0), FrameBytes);
        Task[] writes = [.. Enumerable.Range(1, 40).Select(i => (Task)session.WriteAsync(StoreSession.Frame(i), FrameBytes))];
        await writes[10];

        // From here on it takes commands and does none, so that it dies before all are done.
        await client.ExecuteAsync(new RedisCommand("CLIENT", "PAUSE", 60_000) { KeyIndex = 0 }, default);
        writes = [.. writes, .. Enumerable.Range(41, 10).Select(i => (Task)session.WriteAsync(StoreSession.Frame(i), FrameBytes))];
        server.Kill();
        Exception?[] faults = await Task.WhenAll(writes.Select(w => Record.ExceptionAsync(() => w)));
        Assert.All(faults, f => Assert.True(f is null or StoreUnavailableException, f?.ToString()));
        Assert.Contains(faults, f => f is not null);
        await Assert.ThrowsAsync<StoreUnavailableException>(session.ManifestAsync);
        await server.RestartAsync();
        Assert.Null(await session.ManifestAsync());
        Assert.Equal(FrameRead.Missing, await session.ReadAsync(StoreSession.Frame(0), FrameBytes));
        Assert.Equal(FrameWrite.Written, await session.WriteAsync(StoreSession.Frame(100), FrameBytes));
    }

    [RedisFact]
    public async Task A_reset_between_frames_and_manifest_leaves_the_earlier_copy()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using var proxy = new FaultProxy(server.Port);
        await using RedisClient client = Client(proxy.Address);
        var session = new StoreSession(Store(client));
        await session.WriteAsync(StoreSession.Frame(0), FrameBytes);
        await session.PublishAsync(null, First, [1], StoreSession.Frame(0));
        await session.WriteAsync(StoreSession.Frame(1), FrameBytes);

        // The ledger's call passes; the manifest's, longer than that, is cut.
        proxy.ResetAfter(20_000);
        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => session.PublishAsync(First, Second, new byte[100_000], StoreSession.Frame(0), StoreSession.Frame(1)));
        Assert.Equal(First, (await session.ManifestAsync())!.Stamp);
        Assert.Equal(FrameRead.Read, await session.ReadAsync(StoreSession.Frame(0), FrameBytes));
        Assert.Equal(PublishResult.Published, await session.PublishAsync(First, Second, [2], StoreSession.Frame(0), StoreSession.Frame(1)));
    }

    [RedisFact]
    public async Task Restarted_empty_everything_is_missing_and_can_be_written_again()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisClient client = Client(server.Address);
        RedisBlobStore store = Store(client);
        var session = new StoreSession(store);
        await session.WriteAsync(StoreSession.Frame(0), FrameBytes);
        await session.PublishAsync(null, First, [1], StoreSession.Frame(0));
        server.Kill();
        await server.RestartAsync();
        Assert.Null(await session.ManifestAsync());
        Assert.Equal(FrameRead.Missing, await session.ReadAsync(StoreSession.Frame(0), FrameBytes));
        Assert.Equal(PublishResult.Conflict, await session.PublishAsync(First, Second, [2]));
        Assert.Equal(PublishResult.Published, await session.PublishAsync(null, Second, [2]));
        Assert.Equal(new BlobUsage(1, 0, 1), (await store.StatisticsAsync(default)).Total);
    }

    [RedisFact]
    public async Task A_full_server_that_evicts_nothing_refuses_and_counts_only_what_it_has()
    {
        await using RedisServer server = await RedisServer.StartAsync("--maxmemory", "6mb", "--maxmemory-policy", "noeviction");
        await using RedisClient client = Client(server.Address);
        RedisBlobStore store = Store(client);
        var session = new StoreSession(store);
        List<FrameId> written = [];
        FrameId refused = default;
        for (int i = 0; i < 100; i++)
        {
            refused = StoreSession.Frame(i);
            if (await session.WriteAsync(refused, FrameBytes) == FrameWrite.OverBudget)
            {
                break;
            }

            written.Add(refused);
        }

        Assert.InRange(written.Count, 5, 40);
        Assert.Equal(FrameRead.Missing, await session.ReadAsync(refused, FrameBytes));
        await client.ExecuteAsync(new RedisCommand("CONFIG", "SET", "maxmemory", "1mb") { KeyIndex = 0 }, default);
        Assert.Equal(PublishResult.OverBudget, await session.PublishAsync(null, First, new byte[10], [.. written]));
        Assert.Equal(new BlobUsage((long)written.Count * FrameBytes, written.Count, 0), (await store.StatisticsAsync(default)).Total);
        foreach (FrameId frame in written)
        {
            Assert.Equal(FrameRead.Read, await session.ReadAsync(frame, FrameBytes));
        }

        await store.RenewAsync(session.Owner, written, default);
        await store.DeleteFramesAsync(session.Owner, written, default);
        Assert.Equal(default, (await store.StatisticsAsync(default)).Total);
        await client.ExecuteAsync(new RedisCommand("CONFIG", "SET", "maxmemory", "6mb") { KeyIndex = 0 }, default);
        Assert.Equal(FrameWrite.Written, await session.WriteAsync(StoreSession.Frame(200), FrameBytes));
    }

    [RedisFact]
    public async Task A_full_server_that_evicts_loses_frames_as_misses_and_never_mixes_them_up()
    {
        await using RedisServer server = await RedisServer.StartAsync("--maxmemory", "8mb", "--maxmemory-policy", "volatile-lru");
        await using RedisClient client = Client(server.Address);
        var session = new StoreSession(Store(client));
        FrameId[] frames = [.. Enumerable.Range(0, 60).Select(i => StoreSession.Frame(i))];
        foreach (FrameId frame in frames)
        {
            Assert.Equal(FrameWrite.Written, await session.WriteAsync(frame, FrameBytes));
        }

        Assert.Equal(PublishResult.Published, await session.PublishAsync(null, First, [1], frames));
        FrameRead[] reads = await Task.WhenAll(frames.Select(f => session.ReadAsync(f, FrameBytes)));
        Assert.Contains(FrameRead.Missing, reads);
        Assert.Contains(FrameRead.Read, reads);
        Assert.DoesNotContain(FrameRead.WrongLength, reads);
    }

    [RedisFact]
    public async Task A_slow_server_is_unavailable_in_time_and_used_again()
    {
        var time = new StepTime();
        await using RedisServer server = await RedisServer.StartAsync();
        await using var proxy = new FaultProxy(server.Port);
        await using var client = new RedisClient(RedisOptions.Parse($"{proxy.Address}?connections=1"), time);
        var session = new StoreSession(Store(client));
        await session.WriteAsync(StoreSession.Frame(0), FrameBytes);
        proxy.GoSilent();
        Task<FrameRead> read = session.ReadAsync(StoreSession.Frame(0), FrameBytes);
        await time.PassUntilAsync(read, TimeSpan.FromSeconds(10));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => read);
        await Assert.ThrowsAsync<StoreUnavailableException>(session.ManifestAsync);
        proxy.Speak();
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(FrameRead.Read, await session.ReadAsync(StoreSession.Frame(0), FrameBytes));
    }

    [RedisFact]
    public async Task A_read_only_replica_is_unavailable_to_writers_and_serves_readers()
    {
        await using RedisServer master = await RedisServer.StartAsync();
        await using RedisClient writing = Client(master.Address);
        var written = new StoreSession(Store(writing));
        await written.WriteAsync(StoreSession.Frame(0), FrameBytes);
        await using RedisServer replica = await RedisServer.StartAsync("--replicaof", "127.0.0.1", $"{master.Port}");
        await using RedisClient reading = Client(replica.Address);
        var info = new RedisCommand("INFO", "replication") { KeyIndex = 0 };
        await Wait.UntilAsync(async () => (await reading.ExecuteAsync(info, default)).Text.Contains("master_link_status:up"));
        var session = new StoreSession(Store(reading));
        Assert.Equal(FrameRead.Read, await session.ReadAsync(StoreSession.Frame(0), FrameBytes));
        StoreUnavailableException error = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => session.WriteAsync(StoreSession.Frame(1), FrameBytes));
        Assert.Contains("READONLY", error.Message);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => session.PublishAsync(null, First, [1]));
    }

    [RedisFact]
    public async Task A_key_of_another_kind_is_unavailable_and_stays_as_it_is()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisClient client = Client(server.Address);
        var session = new StoreSession(Store(client));
        await client.ExecuteAsync(new RedisCommand("SET", "kvcluster:{tenant/session}:m", "x"), default);
        await client.ExecuteAsync(new RedisCommand("HSET", $"kvcluster:{{tenant/session}}:f:{StoreSession.Frame(0)}", "a", "b"), default);
        await Assert.ThrowsAsync<StoreUnavailableException>(session.ManifestAsync);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => session.ReadAsync(StoreSession.Frame(0), FrameBytes));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => session.PublishAsync(null, First, [1]));
    }

    [RedisFact]
    public async Task Without_the_right_password_the_store_is_unavailable()
    {
        await using RedisServer server = await RedisServer.StartAsync("--requirepass", "correct-horse");
        await using RedisClient client = Client($"redis://:battery-staple@{server.Address}");
        var session = new StoreSession(Store(client));
        StoreUnavailableException error = await Assert.ThrowsAsync<StoreUnavailableException>(session.ManifestAsync);
        Assert.DoesNotContain("battery", error.ToString());
    }

    /// <summary>A client that leaves a failed server alone for no time at all: tests say themselves when it is back.</summary>
    private static RedisClient Client(string address) => new(RedisOptions.Parse(address) with
    {
        BackoffFirst = TimeSpan.FromTicks(1),
        BackoffLast = TimeSpan.FromTicks(1),
        CallTimeout = TimeSpan.FromSeconds(30),
        ConnectTimeout = TimeSpan.FromSeconds(30),
    });

    private static RedisBlobStore Store(RedisClient client) =>
        new(client, new RedisBlobStoreOptions { Budget = new BlobBudget { TotalBytes = 1L << 40 } });
}
