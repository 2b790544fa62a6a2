namespace KVCluster.Grains;

/// <summary>How a session's cache is to be cut.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.CompressRequest")]
public sealed record CompressRequest
{
    /// <summary>The policy where none is named: the one that keeps most at equal bytes (docs/results).</summary>
    public const string DefaultPolicy = "kvcompose-unstructured";

    /// <summary>The policy by the name and parameters of the command line: "kvcompose", "snapkv:window=32".</summary>
    [Id(0)]
    public string Policy { get; init; } = DefaultPolicy;

    /// <summary>Share of the cache's slots that stay, above 0 and at most 1.</summary>
    [Id(1)]
    public required double Keep { get; init; }
}
