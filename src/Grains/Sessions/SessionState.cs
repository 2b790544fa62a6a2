namespace KVCluster.Grains;

/// <summary>
/// What of a session is durable. Replaced as a whole, never changed in place, so that a write that failed leaves the one before in memory.
/// </summary>
[GenerateSerializer, Immutable, Alias("KVCluster.SessionState")]
public sealed record SessionState
{
    /// <summary>Raised by each activation before it does anything else; 0: the session was never created.</summary>
    [Id(0)]
    public long Epoch { get; init; }

    /// <summary>Fingerprint of the model whose tokens these are.</summary>
    [Id(1)]
    public string Model { get; init; } = "";

    /// <summary>How it was set up.</summary>
    [Id(2)]
    public SessionOptions Options { get; init; } = new();

    /// <summary>The session it was forked from, or null.</summary>
    [Id(3)]
    public string? Parent { get; init; }

    /// <summary>The history (<see cref="TokenBytes"/>).</summary>
    [Id(4)]
    public byte[] Tokens { get; init; } = [];

    /// <summary>How many tokens that is.</summary>
    [Id(5)]
    public int Count { get; init; }

    /// <summary>Whether the user's message is open at the end.</summary>
    [Id(6)]
    public bool IsMessageOpen { get; init; }

    /// <summary>Turns acknowledged in all.</summary>
    [Id(7)]
    public long Turns { get; init; }

    /// <summary>The last of them, oldest first.</summary>
    [Id(8)]
    public TurnRecord[] Recent { get; init; } = [];

    /// <summary>Compressions of the cache since it was exact, as the last turn's end knew them.</summary>
    [Id(9)]
    public CompressionEntry[] Compressions { get; init; } = [];

    /// <summary>Bytes of the cold copy, as last known.</summary>
    [Id(10)]
    public long ColdBytes { get; init; }

    /// <summary>The node that last had the cache.</summary>
    [Id(11)]
    public string Node { get; init; } = "";

    /// <summary>When it was created.</summary>
    [Id(12)]
    public DateTimeOffset Created { get; init; }

    /// <summary>When its last turn ended.</summary>
    [Id(13)]
    public DateTimeOffset LastUsed { get; init; }

    /// <summary>Closed for good: its tokens are gone, its epoch stays, so that nothing of it can come back.</summary>
    [Id(14)]
    public bool IsClosed { get; init; }

    /// <summary>A turn that was handed over in its middle, or null. An earlier version drops it: the turn then begins anew.</summary>
    [Id(15)]
    public BegunTurn? Begun { get; init; }

    /// <summary>Until when its cache is pinned, by the clock; null: it is not.</summary>
    [Id(16)]
    public DateTimeOffset? PinnedUntil { get; init; }

    /// <summary>Whether it was ever created.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool Exists => Epoch > 0;
}
