namespace KVCluster.Compression.Pressure.Admission;

/// <summary>What will come free, and when: so that a refused turn is told when to come again.</summary>
public sealed record AdmissionOutlook
{
    /// <summary>Nothing runs and nothing comes free.</summary>
    public static AdmissionOutlook Nothing { get; } = new();

    /// <summary>Turns that run, in any order.</summary>
    public IReadOnlyList<RunningTurn> Running { get; init; } = [];

    /// <summary>Bytes that can be compressed or moved away besides, without waiting for a turn to end.</summary>
    public long ReclaimableBytes { get; init; }

    /// <summary>How fast they come free, bytes a second.</summary>
    public double ReclaimBytesPerSecond { get; init; }

    /// <summary>Bytes that turns waiting ahead will take first.</summary>
    public long AheadBytes { get; init; }

    /// <summary>
    /// Seconds until <paramref name="missing"/> bytes are free: the least t with
    /// <c>min(reclaimable, speed * t) + sum of bytes of turns that end by t &gt;= ahead + missing</c>; null where that never comes.
    /// </summary>
    public double? SecondsUntil(long missing)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(missing);
        double wanted = (double)AheadBytes + missing;
        double ended = 0;
        double last = 0;
        foreach (RunningTurn turn in Running.OrderBy(t => t.SecondsLeft))
        {
            double end = Math.Max(last, turn.SecondsLeft);
            if (Reclaimed(wanted - ended) is { } early && early < end)
            {
                return Math.Max(last, early);
            }

            ended += turn.Bytes;
            last = end;
        }

        return Reclaimed(wanted - ended) is { } late ? Math.Max(last, late) : null;
    }

    /// <summary>The same as whole seconds, at least one, as HTTP's Retry-After has it.</summary>
    public TimeSpan? RetryAfter(long missing) =>
        SecondsUntil(missing) is { } seconds ? TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(Math.Min(seconds, int.MaxValue)))) : null;

    // Seconds until that much is reclaimed; null where it is never.
    private double? Reclaimed(double bytes)
    {
        if (bytes <= 0)
        {
            return 0;
        }

        return bytes <= ReclaimableBytes && ReclaimBytesPerSecond > 0 ? bytes / ReclaimBytesPerSecond : null;
    }
}
