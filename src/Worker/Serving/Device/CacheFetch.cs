using KVCluster.Inference.Kv;
using KVCluster.Storage;

namespace KVCluster.Worker.Serving.Device;

/// <summary>A look into the cold store, or a load from it, for one session; while it is there, nothing else is done about its cache.</summary>
/// <param name="Query">What is asked for.</param>
internal sealed record CacheFetch(SnapshotQuery Query)
{
    /// <summary>The session has left the device meanwhile: what comes is dropped.</summary>
    public bool IsUnwanted { get; set; }

    /// <summary>What stands for a look that failed.</summary>
    public static SnapshotLookup NotFound { get; } = new() { Miss = MissCause.Unavailable };

    /// <summary>What stands for a load that failed.</summary>
    public static SnapshotLoad NotLoaded { get; } = new() { Miss = MissCause.Unavailable };
}
