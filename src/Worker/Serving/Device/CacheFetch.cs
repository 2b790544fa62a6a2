using KVCluster.Inference.Kv;
using KVCluster.Storage;

namespace KVCluster.Worker.Serving.Device;

/// <summary>A look into the cold store, or a load from it, for one session; while it is there, nothing else is done about its cache.</summary>
/// <param name="query">What is asked for.</param>
internal sealed class CacheFetch(SnapshotQuery query)
{
    private readonly CancellationTokenSource _unwanted = new();
    private Action<long>? _evicted;

    /// <summary>What is asked for.</summary>
    public SnapshotQuery Query => query;

    /// <summary>What stands for a look that failed.</summary>
    public static SnapshotLookup NotFound { get; } = new() { Miss = MissCause.Unavailable };

    /// <summary>What stands for a load that failed.</summary>
    public static SnapshotLoad NotLoaded { get; } = new() { Miss = MissCause.Unavailable };

    /// <summary>Whether the session was taken off the device meanwhile, and no turn has come since: what comes is not kept.</summary>
    public bool IsUnwanted(DeviceSession session) => _evicted is not null && session.Turn is null;

    /// <summary>
    /// The session is taken off the device: a store that heeds cancellation ends at once. Tells, once it has ended, the bytes that came free,
    /// or <see cref="ArenaRoom.InUse"/> where a turn came that wants them.
    /// </summary>
    public void Evict(Action<long> ended)
    {
        _evicted += ended;
        _unwanted.Cancel();
    }

    /// <summary>It has ended.</summary>
    public void End(long freed) => _evicted?.Invoke(freed);

    /// <summary>A call of the store that ends with this fetch too.</summary>
    public async ValueTask<T> Until<T>(CancellationToken cancellationToken, Func<CancellationToken, ValueTask<T>> call)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _unwanted.Token);
        return await call(end.Token).ConfigureAwait(false);
    }
}
