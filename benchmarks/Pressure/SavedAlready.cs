using KVCluster.Inference.Kv;
using KVCluster.Storage;

namespace KVCluster.Benchmarks.Pressure;

/// <summary>A store that says of every copy that it has it.</summary>
internal sealed class SavedAlready : ISnapshotStore
{
    /// <inheritdoc/>
    public ValueTask<SnapshotLookup> FindAsync(SnapshotQuery query, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new SnapshotLookup { Miss = MissCause.Absent });

    /// <inheritdoc/>
    public ValueTask<SnapshotLoad> LoadAsync(SnapshotQuery query, KvCache destination, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new SnapshotLoad { Miss = MissCause.Absent });

    /// <inheritdoc/>
    public ValueTask<SnapshotSave> SaveAsync(SnapshotSource source, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new SnapshotSave { Outcome = SaveOutcome.Published, StoredBytes = 1 });

    /// <inheritdoc/>
    public ValueTask DeleteAsync(SnapshotOwner owner, long epoch, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
