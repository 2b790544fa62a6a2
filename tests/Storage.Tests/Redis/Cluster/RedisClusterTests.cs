using System.Text;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Redis;
using KVCluster.Storage.Redis.Blobs;
using KVCluster.Storage.Redis.Cluster;
using KVCluster.Storage.Tests.Redis.Support;
using KVCluster.TestSupport.Redis;

namespace KVCluster.Storage.Tests.Redis.Cluster;

/// <summary>Three real nodes: keys find theirs, and a slot moves under a session that is written and read.</summary>
public sealed class RedisClusterTests
{
    private const int FrameBytes = 100_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly ManifestStamp First = new(1, 1);
    private static readonly ManifestStamp Second = new(1, 2);

    [RedisFact]
    public async Task Keys_of_every_slot_are_served_from_any_node_named_first()
    {
        await using RedisCluster cluster = await RedisCluster.StartAsync();
        await using RedisClient client = Client(cluster, 2);
        await Task.WhenAll(Enumerable.Range(0, 300).Select(i =>
            client.ExecuteAsync(new RedisCommand("SET", $"key:{i}", i), default))).WaitAsync(Limit);
        for (int i = 0; i < 300; i++)
        {
            Assert.Equal(i, (await client.ExecuteAsync(new RedisCommand("GET", $"key:{i}"), default).WaitAsync(Limit)).Integer);
        }

        Assert.True(client.IsCluster);
        long[] sizes = [.. await Task.WhenAll(Enumerable.Range(0, 3).Select(async n => (await cluster.AskAsync(n, "DBSIZE")).Integer))];
        Assert.Equal(300, sizes.Sum());
        Assert.All(sizes, s => Assert.InRange(s, 60, 140));
    }

    [RedisFact]
    public async Task A_slot_moves_while_its_session_is_written_and_read()
    {
        await using RedisCluster cluster = await RedisCluster.StartAsync();
        await using RedisClient client = Client(cluster, 0);
        RedisBlobStore store = Store(client);
        var session = new StoreSession(store);
        int slot = HashSlot.Of(Encoding.UTF8.GetBytes("x:{tenant/session}:m"));
        int from = cluster.FirstOwner(slot);
        int to = (from + 1) % 3;
        FrameId[] frames = [.. Enumerable.Range(0, 30).Select(i => StoreSession.Frame(i))];

        await WriteAsync(session, frames[..10]);
        Assert.Equal(PublishResult.Published, await session.PublishAsync(null, First, [1], frames[..10]));

        await cluster.BeginMoveAsync(slot, from, to);
        await WriteAsync(session, frames[10..20]);
        Assert.Equal(10, (await cluster.AskAsync(to, "CLUSTER", "COUNTKEYSINSLOT", slot)).Integer);
        await AllReadAsync(session, frames[..20]);

        // Half of the old node's keys have moved, the manifest among them or not: both places are asked.
        Assert.Equal(6, await cluster.MoveKeysAsync(slot, from, to, 6));
        await AllReadAsync(session, frames[..20]);
        Assert.Equal(PublishResult.Published, await session.PublishAsync(First, Second, [2], frames[..20]));
        await WriteAsync(session, frames[20..]);
        await store.DeleteFramesAsync(session.Owner, frames[..5], default).AsTask().WaitAsync(Limit);
        await store.RenewAsync(session.Owner, frames[5..], default).AsTask().WaitAsync(Limit);

        while (await cluster.MoveKeysAsync(slot, from, to, 10) > 0)
        {
        }

        await AllReadAsync(session, frames[5..]);
        await cluster.EndMoveAsync(slot, to);
        await AllReadAsync(session, frames[5..]);
        Assert.Equal(Second, (await session.ManifestAsync())!.Stamp);
        Assert.Equal(FrameRead.Missing, await session.ReadAsync(frames[0], FrameBytes));
        Assert.Equal(new BlobUsage(25 * FrameBytes + 1, 25, 1), (await store.StatisticsAsync(default).AsTask().WaitAsync(Limit)).Total);
        Assert.True(await store.DeleteAsync(session.Owner, 1, default).AsTask().WaitAsync(Limit));
    }

    [RedisFact]
    public async Task Readers_and_writers_under_way_notice_nothing_of_a_move()
    {
        await using RedisCluster cluster = await RedisCluster.StartAsync();
        await using RedisClient client = Client(cluster, 1);
        var session = new StoreSession(Store(client));
        int slot = HashSlot.Of(Encoding.UTF8.GetBytes("x:{tenant/session}:m"));
        int from = cluster.FirstOwner(slot);
        int to = (from + 1) % 3;
        FrameId[] frames = [.. Enumerable.Range(0, 20).Select(i => StoreSession.Frame(i))];
        await WriteAsync(session, frames);

        using var stop = new CancellationTokenSource();
        int next = 1000;
        Task[] traffic = [.. Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            for (int i = worker; !stop.IsCancellationRequested; i++)
            {
                Assert.Equal(FrameRead.Read, await session.ReadAsync(frames[i % frames.Length], FrameBytes));
                FrameId written = StoreSession.Frame(Interlocked.Increment(ref next));
                Assert.Equal(FrameWrite.Written, await session.WriteAsync(written, 1000));
                Assert.Equal(FrameRead.Read, await session.ReadAsync(written, 1000));
            }
        }))];
        for (int round = 0; round < 4; round++, (from, to) = (to, from))
        {
            await cluster.BeginMoveAsync(slot, from, to);
            while (await cluster.MoveKeysAsync(slot, from, to, 10) > 0)
            {
            }

            await cluster.EndMoveAsync(slot, to);
        }

        await stop.CancelAsync();
        await Task.WhenAll(traffic).WaitAsync(Limit);
    }

    private static RedisClient Client(RedisCluster cluster, int node) =>
        new(RedisOptions.Parse($"{cluster.Servers[node].Address}?timeout=30&connect_timeout=30"));

    private static RedisBlobStore Store(RedisClient client) =>
        new(client, new RedisBlobStoreOptions { Prefix = "x", Budget = new BlobBudget { TotalBytes = 1L << 40 } });

    private static async Task WriteAsync(StoreSession session, FrameId[] frames)
    {
        foreach (FrameWrite written in await Task.WhenAll(frames.Select(f => session.WriteAsync(f, FrameBytes))))
        {
            Assert.Equal(FrameWrite.Written, written);
        }
    }

    private static async Task AllReadAsync(StoreSession session, FrameId[] frames)
    {
        foreach (FrameRead read in await Task.WhenAll(frames.Select(f => session.ReadAsync(f, FrameBytes))))
        {
            Assert.Equal(FrameRead.Read, read);
        }
    }
}
