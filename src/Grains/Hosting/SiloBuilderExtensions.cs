using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;

namespace KVCluster.Grains;

/// <summary>Puts the grains on a silo; the same call on either engine.</summary>
public static class SiloBuilderExtensions
{
    /// <summary>
    /// Adds services, placement and the node's reports. The silo also needs a durable grain storage named
    /// <see cref="GrainStorageNames.Sessions"/>.
    /// </summary>
    /// <param name="builder">The silo.</param>
    /// <param name="devices">Makes the node's devices, once; none for a node that only takes requests.</param>
    /// <param name="configure">Changes settings.</param>
    public static ISiloBuilder AddKVClusterGrains(
        this ISiloBuilder builder, Func<IServiceProvider, INodeDevices> devices, Action<GrainOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(devices);
        IServiceCollection services = builder.Services;
        services.AddOptions<GrainOptions>().Configure(configure ?? (_ => { }));
        services.AddSingleton(devices);
        services.AddSingleton<ClusterView>();
        services.AddSingleton<SessionServices>();
        services.AddSingleton<NodeSessions>();
        services.AddSingleton<NodeReporter>();
        services.AddSingleton<NodeDrain>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<NodeReporter>());
        services.TryAddSingleton<ITenantTerms, EqualTenantTerms>();
        services.AddSingleton<MemoryBalancer>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<MemoryBalancer>());
        builder.AddPlacementDirector<SessionPlacement, SessionPlacementDirector>();
        builder.AddPlacementDirector<NodePlacement, NodePlacementDirector>();
        return builder;
    }
}
