using Microsoft.Extensions.DependencyInjection;

namespace KVCluster.Client;

/// <summary>Puts the client into a container of services.</summary>
public static class KVClusterServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="KVClusterClient"/> over the <see cref="IClusterClient"/> that the container has: in an Orleans silo or client host it
    /// is there already.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">Changes settings.</param>
    public static IServiceCollection AddKVClusterClient(this IServiceCollection services, Action<KVClusterClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        KVClusterClientOptions options = new();
        configure?.Invoke(options);
        return services.AddSingleton(provider => new KVClusterClient(provider.GetRequiredService<IClusterClient>(), options));
    }

    /// <summary>Adds <see cref="KVClusterClient"/> over a cluster of this process: <c>AddKVClusterClient(embeddedCluster.Client)</c>.</summary>
    /// <param name="services">The container.</param>
    /// <param name="cluster">The engine's client.</param>
    /// <param name="configure">Changes settings.</param>
    public static IServiceCollection AddKVClusterClient(
        this IServiceCollection services, IClusterClient cluster, Action<KVClusterClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(cluster);
        return services.AddSingleton(cluster).AddKVClusterClient(configure);
    }
}
