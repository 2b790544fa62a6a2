namespace KVCluster.Storage.Encryption;

/// <summary>Keys of tenants. Asked anew for each save and load, so that keys may be rotated while the store runs.</summary>
public interface ITenantKeys
{
    /// <summary>What is written with; null: this tenant's copies are not encrypted.</summary>
    TenantKey? Newest(string tenant);

    /// <summary>A key by its id, newest or earlier; null: it is not here.</summary>
    TenantKey? Find(string tenant, string id);
}
