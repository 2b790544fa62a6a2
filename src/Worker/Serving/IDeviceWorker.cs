using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Worker.Serving;

/// <summary>
/// One device's worker: it alone drives the backend, on a thread of its own; every method may be called from anywhere, queues its work and
/// returns. It knows caches, not conversations: a caller brings the whole token history with each turn, and what is resident is only a
/// faster way to have it. The epoch a caller brings fences: a session seen at a later epoch refuses every earlier one with
/// <see cref="StaleEpochException"/>.
/// </summary>
public interface IDeviceWorker : IAsyncDisposable
{
    /// <summary>The device's name within its node, "cpu:0".</summary>
    string Device { get; }

    /// <summary>The model it runs.</summary>
    LocalModel Model { get; }

    /// <summary>What is done when memory gets short; null: the device does nothing about it.</summary>
    IDevicePressure? Pressure => null;

    /// <summary>Memory, sessions, queues and speeds at this instant.</summary>
    DeviceStatus Status();

    /// <summary>
    /// Says that a session is now written by this epoch: later calls of an older one are refused, and a running turn of an older one ends.
    /// </summary>
    ValueTask FenceAsync(SessionKey session, long epoch, CancellationToken cancellationToken);

    /// <summary>
    /// Runs a turn: attach (resident, loaded, recomputed), reserve, prefill, decode, batched with other sessions. Yields pieces as they are
    /// made and one <see cref="TurnEnd"/> last. Cancelled, or the reader gone, the turn never was: the cache goes back to the history before
    /// it. Invalid requests fail before anything ran.
    /// </summary>
    /// <exception cref="Inference.InputException">A token, an option or the length is out of range.</exception>
    /// <exception cref="StaleEpochException">The session was seen at a later epoch.</exception>
    /// <exception cref="TurnInProgressException">Another turn of the session is running.</exception>
    /// <exception cref="DeviceBusyException">No room came free in time; it says when to try again.</exception>
    IAsyncEnumerable<TurnEvent> RunAsync(TurnRequest request, CancellationToken cancellationToken);

    /// <summary>Ends the running turn of a session after the token at hand; it counts as made, with <see cref="FinishReason.Cancelled"/>.</summary>
    ValueTask StopAsync(SessionKey session, long epoch, CancellationToken cancellationToken);

    /// <summary>Where a session's cache is and what it holds; null where this device knows nothing of it.</summary>
    ValueTask<ResidentSession?> DescribeAsync(SessionKey session, CancellationToken cancellationToken);

    /// <summary>Sessions whose cache is on this device and changed after a stamp; 0: all of them. A worker that keeps no list has none.</summary>
    ValueTask<ResidentChanges> ResidentsAsync(long after, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new ResidentChanges(0, true, [], []));

    /// <summary>Which tokens a session's cache still has; null where it is not on this device, or where the worker cannot tell.</summary>
    ValueTask<KeptSlots?> KeptAsync(SessionKey session, CancellationToken cancellationToken) => ValueTask.FromResult<KeptSlots?>(null);

    /// <summary>Fetches a cache before its turn comes. Nothing happens where it is resident already or nothing can be loaded.</summary>
    ValueTask PrefetchAsync(AttachRequest request, CancellationToken cancellationToken);

    /// <summary>Compresses a resident, idle session between turns. Null where it is not resident.</summary>
    /// <exception cref="DeviceBusyException">It shares pages with a fork, and there is no room to copy them.</exception>
    ValueTask<CompressionReport?> CompressAsync(SessionKey session, long epoch, CompressionRequest request, CancellationToken cancellationToken);

    /// <summary>Makes a compressed session whole: from its exact cold copy, else by recomputation.</summary>
    ValueTask<AttachReport> RestoreAsync(AttachRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Saves a cold copy of a resident session; serving goes on meanwhile. Null where it is not resident or there is no store. A store that
    /// takes too long with an earlier save is not asked: it counts as not available.
    /// </summary>
    ValueTask<Storage.SnapshotSave?> SaveAsync(SessionKey session, long epoch, CancellationToken cancellationToken);

    /// <summary>
    /// Takes a session's cache out of the arena, saved first where asked and possible. Its pages are free when this returns. A running turn
    /// is <see cref="TurnInProgressException"/>.
    /// </summary>
    ValueTask<EvictReport> EvictAsync(SessionKey session, long epoch, bool save, CancellationToken cancellationToken);

    /// <summary>Gives another session a cache that shares all exact pages of this one, as far as <paramref name="tokens"/> tokens; false where none is resident.</summary>
    ValueTask<bool> ForkAsync(SessionKey session, long epoch, SessionKey target, long targetEpoch, int tokens, CancellationToken cancellationToken);

    /// <summary>Forgets a session: its cache, its fence and (where asked) its cold copies.</summary>
    ValueTask CloseAsync(SessionKey session, long epoch, bool deleteCold, CancellationToken cancellationToken);

    /// <summary>Takes no new turn from now on and waits for the running ones.</summary>
    Task DrainAsync(CancellationToken cancellationToken);
}
