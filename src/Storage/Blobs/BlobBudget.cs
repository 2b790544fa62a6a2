namespace KVCluster.Storage.Blobs;

/// <summary>How many bytes a store may hold.</summary>
public sealed record BlobBudget
{
    /// <summary>In all.</summary>
    public required long TotalBytes { get; init; }

    /// <summary>For a tenant that <see cref="Tenants"/> does not name; null: the total only.</summary>
    public long? TenantBytes { get; init; }

    /// <summary>For single tenants.</summary>
    public IReadOnlyDictionary<string, long> Tenants { get; init; } = new Dictionary<string, long>();

    /// <summary>What this tenant may hold.</summary>
    public long BytesOf(string tenant) =>
        Math.Min(TotalBytes, Tenants.TryGetValue(tenant, out long own) ? own : TenantBytes ?? TotalBytes);
}
