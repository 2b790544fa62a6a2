using KVCluster.Storage;

namespace KVCluster.Worker.Serving;

/// <summary>What taking a cache out of the arena came to.</summary>
/// <param name="FreedBytes">Bytes by which the ledger's free memory grew; shared pages stay with the other holder.</param>
/// <param name="Saved">The cold copy written, or null.</param>
public sealed record EvictReport(long FreedBytes, SnapshotSave? Saved);
