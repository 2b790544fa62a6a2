using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Persistence;
using Orleans.Providers;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Storage;
using StackExchange.Redis;

namespace KVCluster.Engine.Hosting;

/// <summary>Sets Orleans' silos and clients up for KVCluster: members, grain directory and grain states in Redis.</summary>
public static class OrleansHosting
{
    /// <summary>Joins a silo to a cluster.</summary>
    /// <remarks>
    /// The three uses of Redis have connections of their own, so that a large state on its way does not hold up the cluster's membership.
    /// The directory in Redis is exact, where Orleans' own is eventually consistent: a silo that leaves costs only its own activations.
    /// </remarks>
    /// <exception cref="ArgumentException">The Redis connection string cannot be read.</exception>
    public static ISiloBuilder UseKVCluster(this ISiloBuilder silo, OrleansClusterOptions cluster)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(cluster);
        ConfigurationOptions redis = cluster.ParseRedis();
        silo.Configure<ClusterOptions>(options => Name(options, cluster));
        silo.Configure<SiloOptions>(options => options.SiloName = cluster.SiloName ?? $"{Dns.GetHostName()}-{cluster.SiloPort}");
        silo.Configure<EndpointOptions>(options => Place(options, cluster));
        silo.Configure<ClusterMembershipOptions>(options => Tune(options, cluster.FailureDetection));
        silo.UseSiloMetadata(new Dictionary<string, string>(cluster.Metadata));
        silo.UseRedisClustering(options => options.ConfigurationOptions = redis.Clone());
        silo.UseRedisGrainDirectoryAsDefault((RedisGrainDirectoryOptions options) => options.ConfigurationOptions = redis.Clone());
        silo.Services.AddSingleton<IGrainStorageSerializer, JsonStateSerializer>();
        foreach (string name in cluster.Storages.Prepend(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME).Distinct(StringComparer.Ordinal))
        {
            silo.AddRedisGrainStorage(name, (RedisStorageOptions options) => options.ConfigurationOptions = redis.Clone());
        }

        return silo;
    }

    /// <summary>Joins a client to a cluster; it finds the silos' gateways in Redis.</summary>
    /// <exception cref="ArgumentException">The Redis connection string cannot be read.</exception>
    public static IClientBuilder UseKVCluster(this IClientBuilder client, OrleansClusterOptions cluster)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(cluster);
        ConfigurationOptions redis = cluster.ParseRedis();
        client.Configure<ClusterOptions>(options => Name(options, cluster));
        client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = cluster.FailureDetection.TableRefresh);
        return client.UseRedisClustering(options => options.ConfigurationOptions = redis);
    }

    private static void Name(ClusterOptions options, OrleansClusterOptions cluster)
    {
        options.ClusterId = cluster.ClusterId;
        options.ServiceId = cluster.ServiceId;
    }

    private static void Place(EndpointOptions options, OrleansClusterOptions cluster)
    {
        options.AdvertisedIPAddress = cluster.Address;
        options.SiloPort = cluster.SiloPort;
        options.GatewayPort = cluster.GatewayPort;
        IPAddress listen = cluster.ListenOnAnyAddress ? IPAddress.Any : cluster.Address;
        options.SiloListeningEndpoint = new IPEndPoint(listen, cluster.SiloPort);
        if (cluster.GatewayPort != 0)
        {
            options.GatewayListeningEndpoint = new IPEndPoint(listen, cluster.GatewayPort);
        }
    }

    private static void Tune(ClusterMembershipOptions options, FailureDetection detection)
    {
        options.ProbeTimeout = detection.ProbeTimeout;
        options.NumMissedProbesLimit = detection.MissedProbes;
        options.TableRefreshTimeout = detection.TableRefresh;
    }
}
