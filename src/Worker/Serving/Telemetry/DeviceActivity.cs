using KVCluster.Storage;

namespace KVCluster.Worker.Serving;

/// <summary>What a device has done since it started; every number only grows.</summary>
public sealed record DeviceActivity
{
    /// <summary>Tokens run through the model that were not generated just before: prompts and recomputed history.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Tokens generated.</summary>
    public required long GeneratedTokens { get; init; }

    /// <summary>Attached caches by where they came from; index: <see cref="AttachSource"/>.</summary>
    public required IReadOnlyList<AttachTotal> Attached { get; init; }

    /// <summary>Cold copies that were looked for and not used; index: <see cref="MissCause"/>.</summary>
    public required IReadOnlyList<long> Misses { get; init; }

    /// <summary>Turns by how they ended; index: <see cref="TurnEnding"/>.</summary>
    public required IReadOnlyList<long> Turns { get; init; }

    /// <summary>Turns put back to wait for memory after they had begun.</summary>
    public required long PutBack { get; init; }

    /// <summary>Caches that left the arena for others, and their bytes: at once, or after a save.</summary>
    public required LeaveTotal Dropped { get; init; }

    /// <inheritdoc cref="Dropped"/>
    public required LeaveTotal Saved { get; init; }

    /// <summary>Compressions applied.</summary>
    public required long Compressions { get; init; }

    /// <summary>Bytes by which they made free memory grow.</summary>
    public required long CompressionFreedBytes { get; init; }

    /// <summary>Shares of the scored attention they dropped, summed.</summary>
    public required double CompressionDroppedMass { get; init; }

    /// <summary>From the call of a turn to its first token.</summary>
    public required DurationCounts FirstToken { get; init; }

    /// <summary>Between tokens of an answer: the mean of each answer, counted once a token.</summary>
    public required DurationCounts PerToken { get; init; }

    /// <summary>From the call of a turn to its first step.</summary>
    public required DurationCounts Queue { get; init; }
}

/// <summary>Caches that came from one source.</summary>
/// <param name="Count">How many.</param>
/// <param name="CachedTokens">History tokens that were not computed.</param>
/// <param name="RecomputedTokens">History tokens that were.</param>
/// <param name="LoadedBytes">Bytes read from the cold store.</param>
/// <param name="PredictedSeconds">What attaching was expected to take, summed.</param>
/// <param name="Seconds">What it took, summed.</param>
public readonly record struct AttachTotal(
    long Count, long CachedTokens, long RecomputedTokens, long LoadedBytes, double PredictedSeconds, double Seconds);

/// <summary>Caches that left the arena to make room.</summary>
/// <param name="Count">How many.</param>
/// <param name="Bytes">Bytes that came free.</param>
public readonly record struct LeaveTotal(long Count, long Bytes);

/// <summary>How a turn ended.</summary>
public enum TurnEnding
{
    /// <summary>It was made.</summary>
    Made,

    /// <summary>Its caller cancelled it, or its reader left.</summary>
    Cancelled,

    /// <summary>Refused: as many turns as may wait were waiting.</summary>
    RefusedQueueFull,

    /// <summary>Refused: no room came free in time.</summary>
    RefusedNoRoom,

    /// <summary>Refused: the device drains.</summary>
    RefusedDraining,

    /// <summary>Ended by a later epoch of its session.</summary>
    Fenced,

    /// <summary>An error ended it.</summary>
    Failed,
}
