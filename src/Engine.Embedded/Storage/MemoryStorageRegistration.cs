using KVCluster.Engine.Embedded;

namespace Orleans.Hosting;

/// <summary>Registers grain storage in memory.</summary>
public static class MemoryGrainStorageSiloBuilderExtensions
{
    /// <summary>Keeps states in memory for as long as the cluster lives. Silos of one cluster share them.</summary>
    public static ISiloBuilder AddMemoryGrainStorage(this ISiloBuilder builder, string name)
        => builder.AddShared(name, storage => storage.Memory(name));
}
