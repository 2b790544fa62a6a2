using KVCluster.Compression.Pressure.Leases;
using LeaseReport = KVCluster.Compression.Pressure.Leases.NodeReport;

namespace KVCluster.Grains;

/// <summary>
/// Tenants' limits by node: each node gets what the tenant needs there, max-min fair where that is more than the limit; what is left of the
/// limit is spread alike over all nodes. The parts add up to the limit, but for a byte a node.
/// </summary>
internal sealed class TenantLimits
{
    private readonly Dictionary<string, long[]> _parts = new(StringComparer.Ordinal);

    public TenantLimits(IReadOnlyList<LeaseReport> nodes, IReadOnlyDictionary<string, TenantPromise> promises)
    {
        foreach ((string tenant, TenantPromise promise) in promises)
        {
            if (promise.LimitBytes is { } limit)
            {
                FairClaim[] needs = [.. nodes.Select(node => new FairClaim(node.Needs.GetValueOrDefault(tenant)))];
                long[] parts = MaxMinFair.Share(Math.Max(0, limit), needs);
                long rest = (Math.Max(0, limit) - parts.Sum()) / nodes.Count;
                _parts[tenant] = [.. parts.Select(part => part + rest)];
            }
        }
    }

    /// <summary>Tenants that have a limit.</summary>
    public IEnumerable<string> Tenants => _parts.Keys;

    /// <summary>A tenant's part on a node; null: no limit.</summary>
    public long? Of(int node, string tenant) => _parts.TryGetValue(tenant, out long[]? parts) ? parts[node] : null;
}
