using KVCluster.Engine.Conformance.Grains;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Placement;

namespace KVCluster.Engine.Conformance;

/// <summary>What every silo of the suite has, on either engine and in any process.</summary>
public static class ConformanceSilo
{
    /// <summary>The storage of the suite's grains; durable, shared by a cluster's silos.</summary>
    public const string Storage = "conformance";

    /// <summary>The metadata that holds a silo's name, so that placement knows silos by name.</summary>
    public const string NameMetadata = "name";

    public static void Configure(ISiloBuilder silo, ConformanceSettings settings)
    {
        silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = settings.ResponseTimeout);
        silo.Configure<GrainCollectionOptions>(options =>
        {
            options.CollectionAge = settings.CollectionAge;
            options.CollectionQuantum = settings.CollectionQuantum;
        });
        silo.AddPlacementDirector<NamedSiloPlacement, NamedSiloPlacementDirector>();
        silo.Services.AddPlacementFilter<AvoidSiloFilter, AvoidSiloFilterDirector>(ServiceLifetime.Singleton);
    }
}
