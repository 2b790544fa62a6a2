using KVCluster.Silo.Operators;
using KVCluster.Storage;
using KVCluster.Storage.Blobs;

namespace KVCluster.Silo.Serving;

/// <summary>What this process's cold store holds, asked at most every few seconds however often it is wanted.</summary>
internal sealed class ColdUsage(SnapshotStore store, TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(3);
    private readonly SemaphoreSlim _gate = new(1);
    private ColdObservation? _last;
    private long _readAt;

    /// <summary>Null where there is no store.</summary>
    public static ColdUsage? Of(ISnapshotStore? store, TimeProvider time) => store is SnapshotStore known ? new ColdUsage(known, time) : null;

    /// <summary>The store at this instant; null where it could not be asked.</summary>
    public async ValueTask<ColdObservation?> ReadAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_readAt != 0 && time.GetElapsedTime(_readAt) < Lifetime)
            {
                return _last;
            }

            _last = await AskAsync(cancellationToken);
            _readAt = time.GetTimestamp() | 1;
            return _last;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async ValueTask<ColdObservation?> AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            BlobStatistics held = await store.StatisticsAsync(cancellationToken);
            return new ColdObservation(store.StoreName, held.Total.Bytes, held.Total.Manifests, held.Budget.TotalBytes);
        }
        catch (StoreUnavailableException)
        {
            // Its own metrics say so; here it is simply not known.
            return null;
        }
    }
}
