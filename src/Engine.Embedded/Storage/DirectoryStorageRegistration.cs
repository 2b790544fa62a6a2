using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Runtime.Hosting;

namespace KVCluster.Engine.Embedded;

/// <summary>Registers the embedded engine's storages.</summary>
public static class EmbeddedStorageExtensions
{
    /// <summary>Keeps states as files of a directory. Silos of one cluster share it.</summary>
    public static ISiloBuilder AddDirectoryGrainStorage(this ISiloBuilder builder, string name, string directory)
        => throw new NotImplementedException();
}
