using KVCluster.Engine.Embedded;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Hosting;

namespace Orleans.Hosting;

/// <summary>Registers grain storage in memory.</summary>
public static class MemoryGrainStorageSiloBuilderExtensions
{
    /// <summary>Keeps states in memory for as long as the cluster lives. Silos of one cluster share them.</summary>
    public static ISiloBuilder AddMemoryGrainStorage(this ISiloBuilder builder, string name)
    {
        builder.Services.AddGrainStorage(name, (services, _) => services.GetRequiredService<EmbeddedCluster>().Memory(name));
        return builder;
    }
}
