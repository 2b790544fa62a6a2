using KVCluster.Engine.Embedded;
using KVCluster.Grains;
using KVCluster.Inference;
using KVCluster.Silo.Configuration;
using Orleans.Hosting;

namespace KVCluster.Silo.Serving;

/// <summary>Registers the store of conversations that the settings name.</summary>
internal static class StateStores
{
    public const string DefaultDirectory = "kvcluster-data";

    /// <summary>The directory of conversations, where they are in one.</summary>
    public static string DirectoryOf(ServerSettings settings) =>
        settings.State.Store.Length == 0 || ColdStores.IsRedis(settings.State.Store) ? DefaultDirectory : settings.State.Store;

    /// <exception cref="InputException">The directory cannot be used.</exception>
    public static void Add(ISiloBuilder silo, ServerSettings settings)
    {
        if (ColdStores.IsRedis(settings.State.Store))
        {
            throw new InputException("setting 'State:Store': conversations in Redis are not supported by this build");
        }

        silo.AddDirectoryGrainStorage(GrainStorageNames.Sessions, Path.Combine(DirectoryOf(settings), "state"));
    }
}
