using KVCluster.Grains;

namespace KVCluster.Silo.Operators;

/// <summary>The cluster at one instant, as one poll saw it.</summary>
internal sealed record ClusterSnapshot
{
    /// <summary>Counts up by one a poll.</summary>
    public required long Number { get; init; }

    public required DateTimeOffset At { get; init; }

    public required IReadOnlyList<NodeView> Nodes { get; init; }

    /// <summary>The cold store of this process; empty: it has none, or it could not be asked.</summary>
    public required IReadOnlyList<ColdObservation> Cold { get; init; }

    public required ActivityView Activity { get; init; }

    /// <summary>The allocator; null where there is none.</summary>
    public required AllocatorReport? Allocator { get; init; }

    /// <summary>Pressure events that came with this poll, oldest first.</summary>
    public required IReadOnlyList<DeviceEvent> Events { get; init; }

    public required SessionCounts Sessions { get; init; }

    /// <summary>What could not be asked, in words; empty: all is known.</summary>
    public required IReadOnlyList<PollFault> Faults { get; init; }
}

/// <summary>What could not be asked.</summary>
/// <param name="Text">In words.</param>
/// <param name="About">The tenant it is of; null: nobody's.</param>
internal sealed record PollFault(string Text, string? About);

internal sealed record NodeView(string Name, IReadOnlyList<DeviceView> Devices);

/// <summary>A device: the ledger's bytes, and its pressure where the compression grain tells.</summary>
internal sealed record DeviceView(DeviceObservation Observed, PressureReport? Pressure);

/// <summary>A pressure event and where it was.</summary>
internal sealed record DeviceEvent(string Node, string Device, PressureEvent Event);

internal readonly record struct SessionCounts(int All, int OnDevice, int Running);

/// <summary>What the devices did in a window of time, together.</summary>
internal sealed record ActivityView
{
    /// <summary>The window's length.</summary>
    public required double Seconds { get; init; }

    public required Percentiles FirstToken { get; init; }

    public required Percentiles PerToken { get; init; }

    public required Percentiles Queue { get; init; }

    /// <summary>Attaches by source.</summary>
    public required IReadOnlyList<AttachTally> Attached { get; init; }

    public required double PromptTokensPerSecond { get; init; }

    public required double GeneratedTokensPerSecond { get; init; }

    public required long Refused { get; init; }

    public required long Made { get; init; }

    public required long PutBack { get; init; }

    /// <summary>Cold copies looked for and not used, by cause.</summary>
    public required IReadOnlyDictionary<string, long> Misses { get; init; }
}

/// <summary>Percentiles of durations, in seconds; all 0 where there is none.</summary>
internal readonly record struct Percentiles(long Count, double P50, double P95, double P99);
