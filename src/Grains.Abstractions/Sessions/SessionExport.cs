namespace KVCluster.Grains;

/// <summary>All of a session that cannot be computed again, to begin it anew elsewhere: not its cache, and not where it was.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.SessionExport")]
public sealed record SessionExport
{
    /// <summary>Fingerprint of the model whose tokens these are.</summary>
    [Id(0)]
    public required string Model { get; init; }

    /// <summary>How it was set up.</summary>
    [Id(1)]
    public required SessionOptions Options { get; init; }

    /// <summary>The history, token ids.</summary>
    [Id(2)]
    public required int[] Tokens { get; init; }

    /// <summary>Whether the user's message is open at the end.</summary>
    [Id(3)]
    public required bool IsMessageOpen { get; init; }

    /// <summary>Turns acknowledged in all.</summary>
    [Id(4)]
    public required long Turns { get; init; }

    /// <summary>The last of them, oldest first: requests sent again are answered from these.</summary>
    [Id(5)]
    public required TurnRecord[] Recent { get; init; }
}
