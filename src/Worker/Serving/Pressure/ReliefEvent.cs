namespace KVCluster.Worker.Serving.Pressure;

/// <summary>One act against memory pressure, or its undoing, as it came out.</summary>
public sealed record ReliefEvent
{
    /// <summary>Counts up from 1 since the worker's start.</summary>
    public long Number { get; init; }

    /// <summary>When it was done.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>What was done.</summary>
    public required ReliefKind Kind { get; init; }

    /// <summary>Why: one of <see cref="ReliefCauses"/>.</summary>
    public required string Cause { get; init; }

    /// <summary>Whose cache.</summary>
    public required SessionKey Session { get; init; }

    /// <summary>Bytes held when it was decided.</summary>
    public long UsedBytes { get; init; }

    /// <summary>Bytes the device (for <see cref="ReliefCauses.TenantLimit"/>: the tenant) might hold.</summary>
    public long LimitBytes { get; init; }

    /// <summary>Bytes that turns waited for.</summary>
    public long WaitingBytes { get; init; }

    /// <summary>Bytes expected to come free.</summary>
    public long PlannedBytes { get; init; }

    /// <summary>Bytes that came free; negative where a cache grew back.</summary>
    public long FreedBytes { get; init; }

    /// <summary>Share of the scored attention that was dropped, in [0, 1]; null where nothing was cut, or there were no scores.</summary>
    public double? DroppedMass { get; init; }

    /// <summary>Tokens the cache stood for.</summary>
    public int Tokens { get; init; }

    /// <summary>Tokens kept of each layer, averaged over its KV heads; empty where nothing was cut.</summary>
    public IReadOnlyList<double> KeptPerLayer { get; init; } = [];

    /// <summary>Seconds from decision to the bytes being free.</summary>
    public double Seconds { get; init; }

    /// <summary>What went wrong, or why it fell back; null where nothing did.</summary>
    public string? Fault { get; init; }
}

/// <summary>Acts against memory pressure, and back.</summary>
public enum ReliefKind
{
    /// <summary>A cache was cut.</summary>
    Compress,

    /// <summary>A cache left at once.</summary>
    Drop,

    /// <summary>A cache was saved, then left.</summary>
    Demote,

    /// <summary>A turn was refused.</summary>
    Refuse,

    /// <summary>A cut cache was made whole again.</summary>
    Restore,
}

/// <summary>All events of one kind and cause.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Cause">The cause.</param>
/// <param name="Count">How many.</param>
/// <param name="FreedBytes">Bytes that came free, in all.</param>
/// <param name="DroppedMass">Shares of attention dropped, summed.</param>
public readonly record struct ReliefTotal(ReliefKind Kind, string Cause, long Count, long FreedBytes, double DroppedMass);

/// <summary>What brings acts about.</summary>
public static class ReliefCauses
{
    /// <summary>More was held than the high watermark allows.</summary>
    public const string HighWatermark = "high-watermark";

    /// <summary>An earlier rise had not been brought down to the low watermark.</summary>
    public const string StillAboveLow = "still-above-low";

    /// <summary>Turns waited for more than was left below the high watermark.</summary>
    public const string WaitingTurns = "waiting-turns";

    /// <summary>A running turn needed more memory than was set aside for it.</summary>
    public const string GrowingAnswer = "growing-answer";

    /// <summary>A tenant held, or asked for, more than it may.</summary>
    public const string TenantLimit = "tenant-limit";

    /// <summary>A turn needed room, and the cache unused longest left for it (<see cref="IPressureRelief"/>).</summary>
    public const string RoomForTurn = "room-for-turn";

    /// <summary>Memory was free.</summary>
    public const string MemoryFree = "memory-free";

    /// <summary>Somebody asked for it.</summary>
    public const string Asked = "asked";
}
