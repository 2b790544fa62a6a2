using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace KVCluster.Engine.Embedded;

/// <summary>Builds one virtual silo.</summary>
internal sealed class EmbeddedSiloBuilder(EmbeddedCluster cluster) : ISiloBuilder, ISiloMetadataCache
{
    public IServiceCollection Services { get; } = new ServiceCollection().AddSingleton(cluster);

    /// <summary>Adds what every silo has, where the configuration did not.</summary>
    public void AddDefaults(EmbeddedSilo silo)
    {
        Services.AddLogging();
        Services.AddOptions();
        Services.TryAddSingleton(cluster.Options.TimeProvider);
        Services.AddSingleton<ILocalSiloDetails>(silo);
        Services.AddSingleton<IClusterClient>(_ => silo.GrainFactory);
        Services.AddSingleton<IGrainFactory>(_ => silo.GrainFactory);
        Services.AddSingleton<ISiloMetadataCache>(this);
        this.AddPlacementDirector<RandomPlacement, RandomPlacementDirector>();
        this.AddPlacementDirector<PreferLocalPlacement, PreferLocalPlacementDirector>();
    }

    public SiloMetadata GetSiloMetadata(SiloAddress siloAddress)
        => cluster.SiloAt(siloAddress)?.Services.GetService<SiloMetadata>() ?? SiloMetadata.Empty;
}
