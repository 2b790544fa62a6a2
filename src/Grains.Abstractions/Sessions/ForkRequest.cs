namespace KVCluster.Grains;

/// <summary>Another session of the same tenant begins with this one's history.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.ForkRequest")]
public sealed record ForkRequest
{
    /// <summary>The other session's id within the tenant. Asked for again it is the same fork, where nothing was said in it yet.</summary>
    [Id(0)]
    public required string Session { get; init; }

    /// <summary>Tokens of history it begins with; null: all.</summary>
    [Id(1)]
    public int? Tokens { get; init; }
}
