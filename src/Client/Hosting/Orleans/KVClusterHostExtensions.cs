using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using StackExchange.Redis;

namespace KVCluster.Client;

/// <summary>Connects a host to a KVCluster of servers.</summary>
public static class KVClusterHostExtensions
{
    /// <summary>How often the list of servers is read anew: as often as they read it.</summary>
    private static readonly TimeSpan GatewayRefresh = TimeSpan.FromSeconds(5);

    /// <summary>Adds the Orleans client, connected when the host starts, and <see cref="KVClusterClient"/> over it.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="connection">Where the cluster is.</param>
    /// <param name="configure">Changes settings.</param>
    /// <exception cref="ArgumentException">The Redis connection string cannot be read.</exception>
    public static IHostApplicationBuilder AddKVClusterClient(
        this IHostApplicationBuilder builder, ClusterConnection connection, Action<KVClusterClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(connection);
        ConfigurationOptions redis = ConfigurationOptions.Parse(connection.Redis);
        builder.UseOrleansClient(client =>
        {
            client.Configure<ClusterOptions>(options =>
            {
                options.ClusterId = connection.ClusterId;
                options.ServiceId = connection.ServiceId;
            });
            client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = GatewayRefresh);
            client.UseRedisClustering(options => options.ConfigurationOptions = redis);
        });
        builder.Services.AddKVClusterClient(configure);
        return builder;
    }
}
