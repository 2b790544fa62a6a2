using KVCluster.Inference.Kv;
using KVCluster.Storage;

namespace KVCluster.Worker.Serving.Device;

/// <summary>A look into the cold store, or a load from it, for one session; while it is there, nothing else is done about its cache.</summary>
/// <param name="Query">What is asked for.</param>
internal sealed record CacheFetch(SnapshotQuery Query)
{
    /// <summary>What stands for a look that failed.</summary>
    public static SnapshotLookup NotFound { get; } = new() { Miss = MissCause.Unavailable };

    /// <summary>What stands for a load that failed.</summary>
    public static SnapshotLoad NotLoaded { get; } = new() { Miss = MissCause.Unavailable };

    /// <summary>
    /// Set where the session is taken off the device meanwhile: what comes is not kept, and this is told the bytes that came free; or
    /// <see cref="ArenaRoom.InUse"/> where a turn came that wants it.
    /// </summary>
    public Action<long>? Evicted { get; set; }

    /// <summary>Whether nobody wants what comes.</summary>
    public bool IsUnwanted(DeviceSession session) => Evicted is not null && session.Turn is null;
}
