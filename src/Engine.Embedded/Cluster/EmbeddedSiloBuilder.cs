using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace KVCluster.Engine.Embedded;

/// <summary>Builds one virtual silo.</summary>
internal sealed class EmbeddedSiloBuilder(EmbeddedCluster cluster) : ISiloBuilder
{
    public IServiceCollection Services { get; } = new ServiceCollection().AddSingleton(cluster.Storage);

    public IConfiguration Configuration { get; } = new ConfigurationManager();

    /// <summary>Adds what every silo has, where the configuration did not.</summary>
    public void AddDefaults(SiloRuntime silo)
    {
        Services.AddLogging();
        Services.AddOptions();
        Services.Configure<ClusterOptions>(options =>
        {
            options.ClusterId = cluster.Options.Cluster.ClusterId;
            options.ServiceId = cluster.Options.Cluster.ServiceId;
        });
        Services.TryAddSingleton(cluster.Options.TimeProvider);
        Services.TryAddSingleton(Configuration);
        Services.AddSingleton<ILocalSiloDetails>(silo);
        Services.AddSingleton<IClusterClient>(_ => silo.GrainFactory);
        Services.AddSingleton<IGrainFactory>(_ => silo.GrainFactory);
        Services.AddSingleton<IGrainContextAccessor, GrainContextAccessor>();
        Services.AddSingleton<ISiloMetadataCache>(new SiloMetadataCache(cluster));
        Services.AddPlacementDirector<RandomPlacement, RandomPlacementDirector>();
        Services.AddPlacementDirector<PreferLocalPlacement, PreferLocalPlacementDirector>();
    }

    private sealed class GrainContextAccessor : IGrainContextAccessor
    {
        public IGrainContext GrainContext => RuntimeContext.Current
            ?? throw new InvalidOperationException("No grain's turn runs on this thread.");
    }

    private sealed class SiloMetadataCache(EmbeddedCluster cluster) : ISiloMetadataCache
    {
        public SiloMetadata GetSiloMetadata(SiloAddress siloAddress)
            => cluster.SiloAt(siloAddress)?.Services.GetService<SiloMetadata>() ?? SiloMetadata.Empty;
    }
}
