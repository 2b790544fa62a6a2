namespace KVCluster.Compression.Pressure.Leases;

/// <summary>
/// A node's side of leases; immutable. Without a live lease it keeps to its last one, before the first to its physical size: an allocator that
/// is gone stops nothing. Times are those of the node's own clock, from any fixed start.
/// </summary>
public sealed record HeldLease
{
    /// <summary>A node that has had no lease.</summary>
    public HeldLease(string node, long capacityBytes)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        Node = node;
        CapacityBytes = capacityBytes;
    }

    /// <summary>The node.</summary>
    public string Node { get; }

    /// <summary>Its physical size.</summary>
    public long CapacityBytes { get; }

    /// <summary>The latest lease, live or not; null before the first.</summary>
    public ByteLease? Last { get; private init; }

    private TimeSpan Expires { get; init; }

    /// <summary>Bytes the node may hold.</summary>
    public long LimitBytes => Math.Min(Last?.Bytes ?? CapacityBytes, CapacityBytes);

    /// <summary>Whether the latest lease still holds; for show, since the limit does not depend on it.</summary>
    public bool IsLive(TimeSpan now) => Last is not null && now < Expires;

    /// <summary>A tenant's part of the latest lease; nothing entitled or guaranteed where it is not named.</summary>
    public TenantLease Of(string tenant) => Last is not null && Last.Tenants.TryGetValue(tenant, out TenantLease part) ? part : default;

    /// <summary>The same node after a lease came; unchanged where it is of another node or not later than the last.</summary>
    public HeldLease Accept(ByteLease lease, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(lease);
        bool late = Last is not null && lease.Round <= Last.Round;
        return late || lease.Node != Node ? this : this with { Last = lease, Expires = now + lease.Duration };
    }
}
