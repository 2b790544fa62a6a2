using System.Collections.Concurrent;

namespace KVCluster.Silo.Operators;

/// <summary>One poll: the snapshot, the sessions that changed with it, and both as text, written once for each scope when first asked for.</summary>
internal sealed class ClusterTick(
    ClusterSnapshot snapshot, IReadOnlyList<SessionRow> changed, IReadOnlyList<(string Key, string Tenant)> gone)
{
    private readonly ConcurrentDictionary<ViewScope, Lazy<byte[]>> _updates = new();
    private readonly ConcurrentDictionary<ViewScope, byte[]> _beginnings = new();

    public ClusterSnapshot Snapshot { get; } = snapshot;

    /// <summary>What a viewer gets who has the poll before.</summary>
    public byte[] Update(ViewScope scope) =>
        _updates.GetOrAdd(scope, s => new Lazy<byte[]>(() => SnapshotWriter.Update(Snapshot, changed, gone, s))).Value;

    /// <summary>What a viewer gets who has nothing.</summary>
    public byte[] Beginning(ViewScope scope, Func<byte[]> write) => _beginnings.GetOrAdd(scope, _ => write());
}
