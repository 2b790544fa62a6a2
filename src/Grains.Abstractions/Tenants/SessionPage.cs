namespace KVCluster.Grains;

/// <summary>A page of a tenant's sessions.</summary>
/// <param name="Sessions">By id, ordinal.</param>
/// <param name="Next">What to pass as <c>after</c> for the next page; null: this is the last.</param>
[GenerateSerializer, Immutable, Alias("KVCluster.SessionPage")]
public sealed record SessionPage([property: Id(0)] SessionSummary[] Sessions, [property: Id(1)] string? Next);
