using KVCluster.Grains;

namespace KVCluster.Silo.Tenants;

/// <summary>What tenants are promised of the cluster's memory, as their file says; asked at every look at memory, so a change counts at once.</summary>
internal sealed class TenantFileTerms(TenantFile tenants) : ITenantTerms
{
    private static readonly TenantPromise Usual = new TenantLimits().Memory;

    public bool HasLimits => tenants.HasMemoryLimits;

    public TenantPromise Of(string tenant) => tenants.LimitsOf(tenant)?.Memory ?? Usual;
}
