namespace KVCluster.Grains;

/// <summary>A session at one instant.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.SessionInfo")]
public sealed record SessionInfo
{
    /// <summary>Which.</summary>
    [Id(0)]
    public required SessionId Id { get; init; }

    /// <summary>What it is doing.</summary>
    [Id(1)]
    public required SessionPhase Phase { get; init; }

    /// <summary>The node it is active on.</summary>
    [Id(2)]
    public required string Node { get; init; }

    /// <summary>The device that has or had its cache; empty before the first turn on this node.</summary>
    [Id(3)]
    public required string Device { get; init; }

    /// <summary>The epoch of this activation.</summary>
    [Id(4)]
    public required long Epoch { get; init; }

    /// <summary>Tokens of history.</summary>
    [Id(5)]
    public required int Tokens { get; init; }

    /// <summary>Turns acknowledged, appends included.</summary>
    [Id(6)]
    public required long Turns { get; init; }

    /// <summary>Fingerprint of the model.</summary>
    [Id(7)]
    public required string Model { get; init; }

    /// <summary>How it was set up.</summary>
    [Id(8)]
    public required SessionOptions Options { get; init; }

    /// <summary>The session it was forked from, or null.</summary>
    [Id(9)]
    public string? Parent { get; init; }

    /// <summary>When it was created.</summary>
    [Id(10)]
    public required DateTimeOffset Created { get; init; }

    /// <summary>When its last turn ended.</summary>
    [Id(11)]
    public required DateTimeOffset LastUsed { get; init; }

    /// <summary>Its cache on this node.</summary>
    [Id(12)]
    public required CacheInfo Cache { get; init; }

    /// <summary>Until when its cache is pinned on its device; null: it is not.</summary>
    [Id(13)]
    public DateTimeOffset? PinnedUntil { get; init; }
}
