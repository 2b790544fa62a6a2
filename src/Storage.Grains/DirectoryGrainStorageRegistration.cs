using Orleans.Hosting;
using Orleans.Runtime.Hosting;

namespace KVCluster.Storage.Grains;

/// <summary>Registers grain storage in a directory.</summary>
public static class DirectoryGrainStorageRegistration
{
    /// <summary>Keeps states as files. The directory is shared by the silos of this process and stays the caller's to close.</summary>
    public static ISiloBuilder AddDirectoryGrainStorage(this ISiloBuilder builder, string name, StateDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddGrainStorage(name, (_, _) => new DirectoryGrainStorage(directory));
        return builder;
    }
}
