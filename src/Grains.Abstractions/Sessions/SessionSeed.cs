namespace KVCluster.Grains;

/// <summary>What a fork begins with; passed from session to session.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.SessionSeed")]
public sealed record SessionSeed
{
    /// <summary>The session it was forked from.</summary>
    [Id(0)]
    public required string Parent { get; init; }

    /// <summary>Options of the parent.</summary>
    [Id(1)]
    public required SessionOptions Options { get; init; }

    /// <summary>Fingerprint of the model whose tokens these are.</summary>
    [Id(2)]
    public required string Model { get; init; }

    /// <summary>The history, in the form it is stored in.</summary>
    [Id(3)]
    public required byte[] Tokens { get; init; }

    /// <summary>How many tokens that is.</summary>
    [Id(4)]
    public required int Count { get; init; }

    /// <summary>Whether the user's message is open at the end.</summary>
    [Id(5)]
    public bool IsMessageOpen { get; init; }
}
