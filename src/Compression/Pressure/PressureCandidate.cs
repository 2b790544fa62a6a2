namespace KVCluster.Compression.Pressure;

/// <summary>A session whose bytes may be asked for.</summary>
public sealed record PressureCandidate
{
    /// <summary>Which session; unique within a snapshot.</summary>
    public required string Session { get; init; }

    /// <summary>Its tenant.</summary>
    public string Tenant { get; init; } = "";

    /// <summary>Bytes of pages that leave with it; pages shared with other sessions do not count (<see cref="PressureSnapshot.Shared"/>).</summary>
    public required long Bytes { get; init; }

    /// <summary>Its scores; null where it cannot be compressed at this instant (a turn is running, its pages are being read).</summary>
    public ScoreHistogram? Histogram { get; init; }

    /// <summary>Whether its scores were merely observed as the conversation went, not made by a replay.</summary>
    public bool IsMerelyObserved { get; init; }

    /// <summary>Whether a conversation is going on: it may be compressed between its turns, but is no idle session.</summary>
    public bool IsActive { get; init; }

    /// <summary>Priority and tenant share (<see cref="SessionWeight.Importance"/>).</summary>
    public double Importance { get; init; } = 1;

    /// <summary>The chance that it gets another turn soon (<see cref="ReturnChance"/>), in [0, 1].</summary>
    public required double ReturnChance { get; init; }

    /// <summary>Seconds to have its cache back once it has left: the faster of loading and recomputing, as measured.</summary>
    public required double SecondsToReturn { get; init; }

    /// <summary>Seconds until its bytes are free once it is demoted: writes lined up and its own; 0 where a cold copy stands for it.</summary>
    public double SecondsToLeave { get; init; }

    /// <summary>Whether its cache may leave the device: no turn is running.</summary>
    public bool MayLeave { get; init; } = true;

    /// <summary>
    /// Seconds until its turn is expected to end, after which it may leave: waiting for that is weighed against cutting it.
    /// Infinity, where there is no telling or the bytes cannot wait.
    /// </summary>
    public double SecondsToEnd { get; init; } = double.PositiveInfinity;

    /// <summary>Whether a cold copy that stands for all its tokens was verified: it can leave at once.</summary>
    public bool HasColdCopy { get; init; }

    /// <summary>Throws ArgumentException naming the value that is out of range.</summary>
    internal void Check()
    {
        if (Bytes < 0 || !(Importance >= 0 && double.IsFinite(Importance)) || !(ReturnChance >= 0 && ReturnChance <= 1)
            || !(SecondsToReturn >= 0 && double.IsFinite(SecondsToReturn)) || !(SecondsToLeave >= 0 && double.IsFinite(SecondsToLeave))
            || !(SecondsToEnd >= 0))
        {
            throw new ArgumentException(
                $"session {Session}: {Bytes} bytes, importance {Importance}, chance of return {ReturnChance}, "
                + $"{SecondsToReturn} s to return, {SecondsToLeave} s to leave, {SecondsToEnd} s to its end: one is out of range");
        }
    }
}
