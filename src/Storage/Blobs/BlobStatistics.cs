namespace KVCluster.Storage.Blobs;

/// <summary>What a store holds and may hold.</summary>
public sealed record BlobStatistics
{
    /// <summary>Everything.</summary>
    public required BlobUsage Total { get; init; }

    /// <summary>Each tenant that has something.</summary>
    public required IReadOnlyDictionary<string, BlobUsage> Tenants { get; init; }

    /// <summary>The budgets.</summary>
    public required BlobBudget Budget { get; init; }
}
