namespace KVCluster.Compression.Pressure;

/// <summary>One thing to do against pressure, with what the event log says of it.</summary>
/// <param name="Cause">Why.</param>
/// <param name="PlannedBytes">Bytes expected to come free.</param>
/// <param name="Cost">What it is expected to cost, in weighted seconds; the scale all acts share.</param>
public abstract record PressureAct(PressureCause Cause, long PlannedBytes, double Cost);

/// <summary>A session's cache leaves at once: a verified cold copy stands for it.</summary>
public sealed record DropAct(PressureCause Cause, long PlannedBytes, double Cost, string Session) : PressureAct(Cause, PlannedBytes, Cost);

/// <summary>A session's cache is saved, then leaves.</summary>
public sealed record DemoteAct(PressureCause Cause, long PlannedBytes, double Cost, string Session) : PressureAct(Cause, PlannedBytes, Cost);

/// <summary>A session is cut.</summary>
public sealed record CompressAct(PressureCause Cause, long PlannedBytes, double Cost, string Session) : PressureAct(Cause, PlannedBytes, Cost)
{
    /// <summary>Whether the session is active: the cut waits for the end of its turn.</summary>
    public required bool IsActive { get; init; }

    /// <summary>Entries each row of its histogram keeps: layers, or layers x KV heads.</summary>
    public required IReadOnlyList<int> Keep { get; init; }

    /// <summary>The share of its attention mass expected to be dropped, in [0, 1]; of its slots where it has no scores.</summary>
    public required double MassShare { get; init; }

    /// <summary>Why its scores were not used; null where they were.</summary>
    public ScoreFault? Fault { get; init; }
}

/// <summary>Turns that wait are refused: no act makes room for them.</summary>
/// <param name="Cause">Why.</param>
/// <param name="MissingBytes">Bytes by which room falls short after all acts.</param>
/// <param name="RetryAfter">When to try again; null where no end is in sight.</param>
public sealed record RefuseAct(PressureCause Cause, long MissingBytes, TimeSpan? RetryAfter) : PressureAct(Cause, 0, 0);
