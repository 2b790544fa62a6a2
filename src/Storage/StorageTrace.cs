using System.Diagnostics;

namespace KVCluster.Storage;

/// <summary>Spans of looks, loads and saves, with the session as attribute.</summary>
internal static class StorageTrace
{
    public const string SourceName = "KVCluster.Storage";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Null where nobody records. Calls run where no span is current: the parent comes with the request.</summary>
    public static Activity? Begin(string name, SnapshotOwner owner, ActivityContext parent, string store) =>
        Source.StartActivity(name, ActivityKind.Client, parent)
            ?.SetTag("kvcluster.tenant", owner.Tenant)
            .SetTag("kvcluster.session", owner.Session)
            .SetTag("kvcluster.cold.store", store);
}
