using KVCluster.Grains;

namespace KVCluster.Silo.Tenants;

/// <summary>What a tenant may use.</summary>
internal sealed record TenantLimits
{
    /// <summary>Requests a minute; null: any number.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Priority of its sessions, from -100 to 100; they may ask for less, not for more.</summary>
    public int Priority { get; init; }

    /// <summary>Bytes of caches on devices, over the whole cluster.</summary>
    public TenantPromise Memory { get; init; } = new(Share: 1, GuaranteedBytes: 0, LimitBytes: null);
}
