namespace KVCluster.Grains;

/// <summary>A part of a tenant's index as it is stored.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.TenantPartState")]
public sealed record TenantPartState
{
    /// <summary>Sessions that are not closed, by id.</summary>
    [Id(0)]
    public SessionSummary[] Sessions { get; init; } = [];
}
