using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Directories;

/// <summary>Bytes and entries of each tenant and in all, against the budgets. Room is taken before anything is written.</summary>
internal sealed class BlobLedger(BlobBudget budget)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, BlobUsage> _tenants = [];
    private BlobUsage _total;

    public BlobStatistics Statistics()
    {
        lock (_gate)
        {
            return new BlobStatistics { Total = _total, Tenants = new Dictionary<string, BlobUsage>(_tenants), Budget = budget };
        }
    }

    /// <summary>Takes room for a new entry, if there is some.</summary>
    public bool TryAdd(string tenant, long bytes, bool manifest)
    {
        lock (_gate)
        {
            if (bytes > budget.TotalBytes - _total.Bytes || bytes > budget.BytesOf(tenant) - Of(tenant).Bytes)
            {
                return false;
            }

            Change(tenant, bytes, manifest, 1);
            return true;
        }
    }

    /// <summary>Counts an entry that is there already, budget or not.</summary>
    public void Found(string tenant, long bytes, bool manifest)
    {
        lock (_gate)
        {
            Change(tenant, bytes, manifest, 1);
        }
    }

    /// <summary>Gives an entry's room back.</summary>
    public void Remove(string tenant, long bytes, bool manifest)
    {
        lock (_gate)
        {
            Change(tenant, -bytes, manifest, -1);
        }
    }

    private BlobUsage Of(string tenant) => _tenants.GetValueOrDefault(tenant);

    private void Change(string tenant, long bytes, bool manifest, int entries)
    {
        BlobUsage own = Changed(Of(tenant), bytes, manifest, entries);
        _total = Changed(_total, bytes, manifest, entries);
        if (own == default)
        {
            _tenants.Remove(tenant);
        }
        else
        {
            _tenants[tenant] = own;
        }
    }

    private static BlobUsage Changed(BlobUsage usage, long bytes, bool manifest, int entries) => new(
        usage.Bytes + bytes,
        usage.Frames + (manifest ? 0 : entries),
        usage.Manifests + (manifest ? entries : 0));
}
