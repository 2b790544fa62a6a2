using KVCluster.Storage.Redis;
using Orleans.Hosting;
using Orleans.Runtime.Hosting;

namespace KVCluster.Storage.Grains;

/// <summary>Registers grain storage in Redis.</summary>
public static class RedisGrainStorageRegistration
{
    /// <summary>Keeps states in the durable Redis. The client is shared by the silos and stays the caller's to close.</summary>
    public static ISiloBuilder AddRedisGrainStorage(this ISiloBuilder builder, string name, RedisClient client, string serviceId)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddGrainStorage(name, (_, _) => new RedisGrainStorage(client, serviceId));
        return builder;
    }
}
