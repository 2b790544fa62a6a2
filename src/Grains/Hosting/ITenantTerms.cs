namespace KVCluster.Grains;

/// <summary>
/// What tenants are promised of the cluster's memory: a service of the silo. Asked on devices' threads too: it must be quick, and safe to be
/// called by several threads.
/// </summary>
public interface ITenantTerms
{
    /// <summary>Whether any tenant has a limit: without one tenants are not added up.</summary>
    bool HasLimits => false;

    /// <summary>A tenant's promise; one that nothing is known of has share 1, no guarantee and no limit.</summary>
    TenantPromise Of(string tenant);
}

/// <summary>All tenants are alike.</summary>
internal sealed class EqualTenantTerms : ITenantTerms
{
    /// <summary>What a tenant is promised of which nothing is known.</summary>
    public static TenantPromise Usual { get; } = new(1, 0, null);

    /// <inheritdoc/>
    public TenantPromise Of(string tenant) => Usual;
}
