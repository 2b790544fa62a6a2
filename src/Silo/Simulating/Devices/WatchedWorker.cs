using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using KVCluster.Storage;
using KVCluster.Worker;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Silo.Simulating;

/// <summary>
/// A device's worker, with its calls counted from their beginning until their caller goes on: what is on its way between grains and the
/// device is seen.
/// </summary>
internal sealed class WatchedWorker(DeviceWorker inner, Action<TurnEnd> ended) : IDeviceWorker
{
    private readonly ConcurrentDictionary<SessionKey, int> _calls = new();
    private readonly ConcurrentDictionary<SessionKey, int> _running = new();
    private long _begun;
    private int _turns;
    private int _open;

    /// <inheritdoc/>
    public string Device => inner.Device;

    /// <inheritdoc/>
    public LocalModel Model => inner.Model;

    /// <inheritdoc/>
    public IDevicePressure? Pressure => inner.Pressure;

    /// <summary>Turns whose caller reads them.</summary>
    public int Turns => Volatile.Read(ref _turns);

    /// <summary>Other calls under way.</summary>
    public int Calls => Volatile.Read(ref _open);

    /// <summary>Calls of either kind that ever began.</summary>
    public long Begun => Volatile.Read(ref _begun);

    /// <summary>Sessions with other calls under way.</summary>
    public IEnumerable<SessionKey> Called => _calls.Where(call => call.Value > 0).Select(call => call.Key);

    /// <summary>Whether a turn or another call of a session is under way.</summary>
    public bool Holds(SessionKey session) => _running.GetValueOrDefault(session) > 0 || _calls.GetValueOrDefault(session) > 0;

    /// <inheritdoc/>
    public DeviceStatus Status() => inner.Status();

    /// <inheritdoc/>
    public async ValueTask FenceAsync(SessionKey session, long epoch, CancellationToken cancellationToken)
    {
        using Call call = Begin(session);
        await inner.FenceAsync(session, epoch, cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<TurnEvent> RunAsync(TurnRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Count(_running, request.Session, 1);
        Interlocked.Increment(ref _turns);
        Interlocked.Increment(ref _begun);
        try
        {
            await foreach (TurnEvent happened in inner.RunAsync(request, cancellationToken))
            {
                if (happened is TurnEnd end)
                {
                    ended(end);
                }

                yield return happened;
            }
        }
        finally
        {
            Count(_running, request.Session, -1);
            Interlocked.Decrement(ref _turns);
        }
    }

    /// <inheritdoc/>
    public async ValueTask StopAsync(SessionKey session, long epoch, CancellationToken cancellationToken)
    {
        using Call call = Begin(session);
        await inner.StopAsync(session, epoch, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<ResidentSession?> DescribeAsync(SessionKey session, CancellationToken cancellationToken)
    {
        using Call call = Begin(session);
        return await inner.DescribeAsync(session, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask PrefetchAsync(AttachRequest request, CancellationToken cancellationToken)
    {
        using Call call = Begin(request.Session);
        await inner.PrefetchAsync(request, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<CompressionReport?> CompressAsync(
        SessionKey session, long epoch, CompressionRequest request, CancellationToken cancellationToken)
    {
        using Call call = Begin(session);
        return await inner.CompressAsync(session, epoch, request, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<AttachReport> RestoreAsync(AttachRequest request, CancellationToken cancellationToken)
    {
        using Call call = Begin(request.Session);
        return await inner.RestoreAsync(request, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<SnapshotSave?> SaveAsync(SessionKey session, long epoch, CancellationToken cancellationToken)
    {
        using Call call = Begin(session);
        return await inner.SaveAsync(session, epoch, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<EvictReport> EvictAsync(SessionKey session, long epoch, bool save, CancellationToken cancellationToken)
    {
        using Call call = Begin(session);
        return await inner.EvictAsync(session, epoch, save, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ForkAsync(
        SessionKey session, long epoch, SessionKey target, long targetEpoch, int tokens, CancellationToken cancellationToken)
    {
        using Call call = Begin(session);
        return await inner.ForkAsync(session, epoch, target, targetEpoch, tokens, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask CloseAsync(SessionKey session, long epoch, bool deleteCold, CancellationToken cancellationToken)
    {
        using Call call = Begin(session);
        await inner.CloseAsync(session, epoch, deleteCold, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ResidentChanges> ResidentsAsync(long after, CancellationToken cancellationToken) => inner.ResidentsAsync(after, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<KeptSlots?> KeptAsync(SessionKey session, CancellationToken cancellationToken) => inner.KeptAsync(session, cancellationToken);

    /// <inheritdoc/>
    public Task DrainAsync(CancellationToken cancellationToken) => inner.DrainAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private static void Count(ConcurrentDictionary<SessionKey, int> calls, SessionKey session, int change)
    {
        if (calls.AddOrUpdate(session, change, (_, count) => count + change) == 0)
        {
            calls.TryRemove(new KeyValuePair<SessionKey, int>(session, 0));
        }
    }

    private Call Begin(SessionKey session)
    {
        Count(_calls, session, 1);
        Interlocked.Increment(ref _open);
        Interlocked.Increment(ref _begun);
        return new Call(this, session);
    }

    private readonly struct Call(WatchedWorker worker, SessionKey session) : IDisposable
    {
        public void Dispose()
        {
            Count(worker._calls, session, -1);
            Interlocked.Decrement(ref worker._open);
        }
    }
}
