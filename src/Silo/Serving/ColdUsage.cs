using KVCluster.Grains;
using KVCluster.Silo.Configuration;
using KVCluster.Storage;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Redis;

namespace KVCluster.Silo.Serving;

/// <summary>What this process's cold store holds, asked at most every few seconds however often it is wanted.</summary>
internal sealed class ColdUsage(SnapshotStore store, string identity, TimeProvider time) : IColdUsage
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(3);
    private readonly SemaphoreSlim _gate = new(1);
    private ColdObservation? _last;
    private long _readAt;

    public static ColdUsage? Of(ISnapshotStore? store, ServerSettings settings, TimeProvider time) => store is SnapshotStore known
        ? new ColdUsage(known, ColdStores.IsRedis(settings.Cold.Store) ? RedisOptions.Parse(settings.Cold.Store).ToString() : Guid.NewGuid().ToString("N"), time)
        : null;

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
            return new ColdObservation(store.StoreName, identity, held.Total.Bytes, held.Total.Manifests, held.Budget.TotalBytes);
        }
        catch (StoreUnavailableException)
        {
            // Its own metrics say so; here it is simply not known.
            return null;
        }
    }
}
