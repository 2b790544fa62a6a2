using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Providers;
using Orleans.Storage;

namespace KVCluster.Engine.Embedded;

/// <summary>Registers the embedded engine's storages.</summary>
public static class EmbeddedStorageExtensions
{
    /// <summary>
    /// Keeps states as files of a directory, which is made when it is absent. The silos of one cluster share it; a second cluster or process is
    /// refused while the first has it.
    /// </summary>
    public static ISiloBuilder AddDirectoryGrainStorage(this ISiloBuilder builder, string name, string directory)
        => builder.AddShared(name, storage => storage.Directory(directory));

    // An instance is registered, and not a factory: a container disposes what it makes, and these outlive the silo.
    internal static ISiloBuilder AddShared(this ISiloBuilder builder, string name, Func<ClusterStorage, IGrainStorage> choose)
    {
        var cluster = (ClusterStorage)builder.Services.Single(service => service.ServiceType == typeof(ClusterStorage)).ImplementationInstance!;
        var storage = choose(cluster);
        builder.Services.AddKeyedSingleton(name, storage);
        if (name == ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME)
        {
            builder.Services.AddSingleton(storage);
        }

        return builder;
    }
}
