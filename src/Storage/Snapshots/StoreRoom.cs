using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Snapshots;

/// <summary>
/// Makes room in a store whose budget is spent: copies that were used the longest ago go, of the same tenant where its own budget is short,
/// else of all. A store that is full for another reason (disk, the server's memory) is left alone: what fills it may not be copies.
/// </summary>
internal sealed class StoreRoom(IBlobStore store, Action evicted)
{
    /// <summary>Owners looked at for one save at most, so that no save is long.</summary>
    private const int MostOwners = 64;

    /// <summary>Left free for the manifest, whose size is known after its frames were written.</summary>
    private const int ManifestBytes = 16 << 10;

    /// <summary>Whether something went, so that another try is worth it.</summary>
    /// <param name="owner">Whose save found no room; its own earlier copy stays.</param>
    /// <param name="frameBytes">Bytes of the frames it writes, at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<bool> MakeAsync(SnapshotOwner owner, long frameBytes, CancellationToken cancellationToken)
    {
        long bytes = frameBytes + ManifestBytes;
        BlobStatistics before = await store.StatisticsAsync(cancellationToken).ConfigureAwait(false);
        long own = before.Tenants.GetValueOrDefault(owner.Tenant).Bytes + bytes - before.Budget.BytesOf(owner.Tenant);
        long all = before.Total.Bytes + bytes - before.Budget.TotalBytes;
        if ((own <= 0 && all <= 0) || bytes > before.Budget.BytesOf(owner.Tenant))
        {
            return false;
        }

        string? tenant = own > 0 ? owner.Tenant : null;
        long wanted = before.Total.Bytes - Math.Max(own, all);
        bool any = false;
        foreach (SnapshotOwner victim in await store.LeastRecentlyUsedAsync(tenant, MostOwners, cancellationToken).ConfigureAwait(false))
        {
            if (victim == owner || !await DeleteAsync(victim, cancellationToken).ConfigureAwait(false))
            {
                continue;
            }

            any = true;
            evicted();
            BlobStatistics left = await store.StatisticsAsync(cancellationToken).ConfigureAwait(false);
            if (left.Total.Bytes <= wanted)
            {
                break;
            }
        }

        return any;
    }

    /// <summary>The epoch is the copy's own: where its session publishes a later one meanwhile, that one stays.</summary>
    private async ValueTask<bool> DeleteAsync(SnapshotOwner victim, CancellationToken cancellationToken)
    {
        StoredManifest? stored = await store.ReadManifestAsync(victim, cancellationToken).ConfigureAwait(false);
        return stored is not null
            && await store.DeleteAsync(victim, stored.IsDamaged ? long.MaxValue : stored.Stamp.Epoch, cancellationToken).ConfigureAwait(false);
    }
}
