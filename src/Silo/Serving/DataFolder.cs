using KVCluster.Silo.Configuration;

namespace KVCluster.Silo.Serving;

/// <summary>The folder of what a server keeps on this machine.</summary>
internal static class DataFolder
{
    /// <summary>Where it is when the settings do not say.</summary>
    public const string Default = "kvcluster-data";

    public static string Of(ServerSettings settings) =>
        settings.State.Store.Length == 0 || ColdStores.IsRedis(settings.State.Store) ? Default : settings.State.Store;
}
