namespace KVCluster.Storage.Blobs;

/// <summary>
/// Where cold copies lie: immutable frames and, for each owner, one manifest that is replaced atomically. Contents are opaque here.
/// <list type="bullet">
/// <item>Every key carries tenant and session; a store over several nodes keeps one owner's keys together (one hash tag an owner).</item>
/// <item>Everything expires: the store's time to live starts with the write and again with <see cref="RenewAsync"/>.</item>
/// <item>Bytes are counted for each tenant and in all, against budgets; a write beyond one is refused, visibly, and leaves nothing.</item>
/// <item>A store that cannot be reached, is too slow or fails throws <see cref="StoreUnavailableException"/>, and nothing else but
/// <see cref="OperationCanceledException"/>. What is missing or refused is a result.</item>
/// <item>Every method may be called from anywhere, any number at once, also for one owner.</item>
/// </list>
/// </summary>
public interface IBlobStore : IAsyncDisposable
{
    /// <summary>The kind of store, for metrics and messages: "directory", "redis". Never holds an address or a secret.</summary>
    string Name { get; }

    /// <summary>How many frames of one owner are worth reading or writing at once.</summary>
    int Parallelism { get; }

    /// <summary>The owner's published manifest, or null.</summary>
    ValueTask<StoredManifest?> ReadManifestAsync(SnapshotOwner owner, CancellationToken cancellationToken);

    /// <summary>
    /// Reads a frame straight into these parts, which together are exactly as long as the frame must be. Where the answer is not
    /// <see cref="FrameRead.Read"/>, and after an exception, what the parts hold is undefined; none is touched after the task has ended.
    /// </summary>
    ValueTask<FrameRead> ReadFrameAsync(
        SnapshotOwner owner, FrameId frame, IReadOnlyList<Memory<byte>> destination, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a frame, the parts one after another. Nobody sees it before a manifest names it; it is durable, as far as the store is, once
    /// <see cref="PublishAsync"/> of a manifest that names it has returned. Ids are never used twice. The parts are not touched after the
    /// task has ended.
    /// </summary>
    ValueTask<FrameWrite> WriteFrameAsync(
        SnapshotOwner owner, FrameId frame, IReadOnlyList<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the owner's manifest in one step, if it is still the expected one and no later epoch has published. Frames that the earlier
    /// manifest named stay: the caller deletes them afterwards. A <see cref="StoreUnavailableException"/> leaves open whether it was replaced; a
    /// cancelled publication was not.
    /// </summary>
    ValueTask<PublishResult> PublishAsync(SnapshotOwner owner, ManifestPublication publication, CancellationToken cancellationToken);

    /// <summary>Deletes frames of an owner; what is gone already is passed over.</summary>
    ValueTask DeleteFramesAsync(SnapshotOwner owner, IReadOnlyList<FrameId> frames, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes the owner's manifest and every frame it names, unless a later epoch published it: then false, and nothing is deleted. Frames
    /// that no manifest names expire.
    /// </summary>
    ValueTask<bool> DeleteAsync(SnapshotOwner owner, long epoch, CancellationToken cancellationToken);

    /// <summary>Starts the time to live of the owner's manifest and of these frames again.</summary>
    ValueTask RenewAsync(SnapshotOwner owner, IReadOnlyList<FrameId> frames, CancellationToken cancellationToken);

    /// <summary>Bytes and entries at this instant, for each tenant and in all, and the budgets.</summary>
    ValueTask<BlobStatistics> StatisticsAsync(CancellationToken cancellationToken);

    /// <summary>Owners that have a manifest (null: of all tenants), in any order, from an index: never by a walk over all keys of a server.</summary>
    IAsyncEnumerable<SnapshotOwner> OwnersAsync(string? tenant, CancellationToken cancellationToken);

    /// <summary>
    /// Owners whose copies were used the longest ago (null: of all tenants), the longest first, at most so many: what goes first where a
    /// budget is spent.
    /// </summary>
    ValueTask<IReadOnlyList<SnapshotOwner>> LeastRecentlyUsedAsync(string? tenant, int count, CancellationToken cancellationToken);
}
