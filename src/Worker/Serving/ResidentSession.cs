namespace KVCluster.Worker.Serving;

/// <summary>What a device knows of a session.</summary>
public sealed record ResidentSession
{
    /// <summary>Which.</summary>
    public required SessionKey Session { get; init; }

    /// <summary>The latest epoch seen.</summary>
    public required long Epoch { get; init; }

    /// <summary>What it is doing.</summary>
    public required ResidentState State { get; init; }

    /// <summary>Tokens the cache stands for; 0 where it is not in the arena.</summary>
    public int Tokens { get; init; }

    /// <summary>Whether every token is present as computed.</summary>
    public bool IsExact { get; init; } = true;

    /// <summary>Slots present, averaged over all (layer, KV head), in tokens.</summary>
    public double KeptTokens { get; init; }

    /// <summary>Filled slots of each (layer, KV head), row-major [layers, kvHeads]; empty where not in the arena.</summary>
    public IReadOnlyList<int> Lengths { get; init; } = [];

    /// <summary>Bytes of the arena held, shared ones in full.</summary>
    public long Bytes { get; init; }

    /// <summary>Bytes of the last cold copy known of, 0: none.</summary>
    public long ColdBytes { get; init; }

    /// <summary>Compressions since it was exact, oldest first.</summary>
    public IReadOnlyList<CompressionReport> Compressions { get; init; } = [];

    /// <summary>When its last turn ended.</summary>
    public DateTimeOffset LastUsed { get; init; }

    /// <summary>How long its cache is still pinned; null: it is not.</summary>
    public TimeSpan? PinnedFor { get; init; }
}

/// <summary>What a session is doing on a device.</summary>
public enum ResidentState
{
    /// <summary>Not in the arena.</summary>
    Cold,

    /// <summary>Waiting for room or for its cache.</summary>
    Attaching,

    /// <summary>A turn is running.</summary>
    Generating,

    /// <summary>In the arena, no turn running.</summary>
    Idle,
}
