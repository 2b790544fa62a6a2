namespace KVCluster.Storage;

/// <summary>
/// Cold copies of caches: find, load, save, delete. A copy is replaceable and never trusted: whatever cannot be verified (terms, token
/// chain, checksum, epoch) is a miss with a cause, never an exception and never a wrong cache. No call is made on a device's thread; all
/// may run at once, also for one owner.
/// </summary>
public interface ISnapshotStore : IAsyncDisposable
{
    /// <summary>Reads and verifies the manifest alone: is there a copy that stands for a beginning of these tokens, and how large is it?</summary>
    /// <param name="query">Whose, on which terms, for which tokens.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    ValueTask<SnapshotLookup> FindAsync(SnapshotQuery query, CancellationToken cancellationToken);

    /// <summary>
    /// Fills an empty cache from the copy found. The cache's pages are allocated from its own reservation first; nobody else may touch it
    /// before the call returns. On a miss the cache is empty again.
    /// </summary>
    /// <exception cref="Inference.Kv.ArenaFullException">The arena has no room; the cache is empty, the copy untouched.</exception>
    ValueTask<SnapshotLoad> LoadAsync(SnapshotQuery query, Inference.Kv.KvCache destination, CancellationToken cancellationToken);

    /// <summary>
    /// Publishes a copy in two phases (frames, then the manifest by compare-and-set on the epoch), writing only what the owner's last copy
    /// does not have. A failure leaves the earlier copy as it was and is told in the result, not thrown.
    /// </summary>
    ValueTask<SnapshotSave> SaveAsync(SnapshotSource source, CancellationToken cancellationToken);

    /// <summary>Removes every copy of an owner unless a later epoch published one.</summary>
    ValueTask DeleteAsync(SnapshotOwner owner, long epoch, CancellationToken cancellationToken);
}
