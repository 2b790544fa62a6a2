using KVCluster.TestSupport;
using KVCluster.TestSupport.Redis;

namespace KVCluster.K8s.Tests.Processes;

/// <summary>The two Redis roles as the manifests set them up.</summary>
internal sealed class RedisPair : IAsyncDisposable
{
    private RedisPair(RedisServer durable, RedisServer @volatile)
    {
        Durable = durable;
        Volatile = @volatile;
    }

    public RedisServer Durable { get; }

    public RedisServer Volatile { get; }

    public static async Task<RedisPair> StartAsync() => new(
        await RedisServer.StartAsync("--appendonly", "yes", "--maxmemory-policy", "noeviction"),
        await RedisServer.StartAsync("--maxmemory", "256mb", "--maxmemory-policy", "volatile-lru"));

    /// <summary>Settings of a server that keeps its conversations and caches here.</summary>
    public string[] Settings()
    {
#if ORLEANS
        return
        [
            $"Cluster:Redis={Durable.Address}", $"Cold:Store=redis://{Volatile.Address}", $"Cluster:SiloPort={LoopbackPorts.Free()}",
            $"Cluster:GatewayPort={LoopbackPorts.Free()}",
        ];
#else
        return [$"State:Store=redis://{Durable.Address}", $"Cold:Store=redis://{Volatile.Address}"];
#endif
    }

    public async ValueTask DisposeAsync()
    {
        await Durable.DisposeAsync();
        await Volatile.DisposeAsync();
    }
}
