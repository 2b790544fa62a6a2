namespace KVCluster.Grains;

/// <summary>One act against memory pressure, or its undoing, as it came out.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.PressureEvent")]
public sealed record PressureEvent
{
    /// <summary>Counts up on its device since the node started.</summary>
    [Id(0)]
    public required long Number { get; init; }

    /// <summary>When it was done.</summary>
    [Id(1)]
    public required DateTimeOffset At { get; init; }

    /// <summary>What was done.</summary>
    [Id(2)]
    public required PressureEventKind Kind { get; init; }

    /// <summary>Why: "high-watermark", "still-above-low", "waiting-turns", "growing-answer", "tenant-limit", "room-for-turn", "memory-free", "asked".</summary>
    [Id(3)]
    public required string Cause { get; init; }

    /// <summary>Whose cache, "tenant/session"; empty where it is of no session.</summary>
    [Id(4)]
    public string Session { get; init; } = "";

    /// <summary>Bytes held on the device when it was decided.</summary>
    [Id(5)]
    public required long UsedBytes { get; init; }

    /// <summary>Bytes the device might hold.</summary>
    [Id(6)]
    public required long LimitBytes { get; init; }

    /// <summary>Bytes that turns waited for.</summary>
    [Id(7)]
    public long WaitingBytes { get; init; }

    /// <summary>Bytes expected to come free.</summary>
    [Id(8)]
    public long PlannedBytes { get; init; }

    /// <summary>Bytes that came free; negative where the cache grew back (<see cref="PressureEventKind.Restore"/>).</summary>
    [Id(9)]
    public long FreedBytes { get; init; }

    /// <summary>Share of the scored attention that was dropped, in [0, 1]; null where nothing was cut.</summary>
    [Id(10)]
    public double? DroppedMass { get; init; }

    /// <summary>Tokens the cache stood for.</summary>
    [Id(11)]
    public int Tokens { get; init; }

    /// <summary>Tokens kept of each layer, averaged over its KV heads; empty where nothing was cut.</summary>
    [Id(12)]
    public double[] KeptPerLayer { get; init; } = [];

    /// <summary>Seconds from decision to the bytes being free.</summary>
    [Id(13)]
    public double Seconds { get; init; }

    /// <summary>What went wrong, or why the act fell back (scores missing); null where nothing did.</summary>
    [Id(14)]
    public string? Fault { get; init; }
}

/// <summary>Acts against memory pressure, and back.</summary>
public enum PressureEventKind
{
    /// <summary>A cache was cut.</summary>
    Compress,

    /// <summary>A cache left at once: a verified cold copy stands for it, or there is no cold store.</summary>
    Drop,

    /// <summary>A cache was saved, then left.</summary>
    Demote,

    /// <summary>A turn was refused.</summary>
    Refuse,

    /// <summary>A cut cache was made whole again.</summary>
    Restore,
}
