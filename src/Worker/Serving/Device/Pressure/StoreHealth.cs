using KVCluster.Storage;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>
/// Whether the cold store takes copies: by what the last save came to, and by whether one under way takes much longer than it should.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="retry">How long a store that failed counts as failing.</param>
/// <param name="patience">How long any save may take before it is late; <see cref="TimeSpan.MaxValue"/>: none is ever late.</param>
internal sealed class StoreHealth(TimeProvider time, TimeSpan retry, TimeSpan patience)
{
    /// <summary>Of the time that a save should take at the store's speed: it may share the store with others.</summary>
    private const double Slack = 4;

    private readonly List<SaveUnderWay> _underWay = [];
    private long _failedAt;

    /// <summary>False for a while after a save failed or found no room there, and while one is late.</summary>
    public bool IsGood => (_failedAt == 0 || time.GetElapsedTime(_failedAt) >= retry) && Late == 0;

    /// <summary>How many saves are under way that should have ended.</summary>
    public int Late
    {
        get
        {
            // Asked between any two steps.
            int late = 0;
            foreach (SaveUnderWay save in _underWay)
            {
                late += IsLate(save) ? 1 : 0;
            }

            return late;
        }
    }

    /// <summary>Time until the next save under way is late; null where none is under way that is not.</summary>
    public TimeSpan? NextLate
    {
        get
        {
            long now = time.GetTimestamp();
            TimeSpan? next = null;
            foreach (SaveUnderWay save in _underWay)
            {
                TimeSpan left = save.Limit == TimeSpan.MaxValue ? TimeSpan.Zero : save.Limit - time.GetElapsedTime(save.Begun, now);
                next = left > TimeSpan.Zero && (next is null || left < next) ? left : next;
            }

            return next;
        }
    }

    /// <summary>A save begins.</summary>
    /// <param name="seconds">How long it should take.</param>
    public SaveUnderWay Begin(double seconds)
    {
        double limit = Math.Max(patience.TotalSeconds, Slack * seconds);
        var save = new SaveUnderWay(
            time.GetTimestamp(), limit < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(limit) : TimeSpan.MaxValue);
        _underWay.Add(save);
        return save;
    }

    /// <summary>A save has ended, or is not waited for any more.</summary>
    public void End(SaveUnderWay save, SaveOutcome outcome)
    {
        _underWay.Remove(save);
        bool failed = outcome is SaveOutcome.Unavailable or SaveOutcome.OverBudget;
        _failedAt = failed ? time.GetTimestamp() | 1 : 0;
    }

    /// <summary>Whether a save takes longer than it may.</summary>
    public bool IsLate(SaveUnderWay save) => time.GetElapsedTime(save.Begun) >= save.Limit;
}

/// <summary>A save that has not ended.</summary>
/// <param name="begun">When it began.</param>
/// <param name="limit">After which time it is late.</param>
internal sealed class SaveUnderWay(long begun, TimeSpan limit)
{
    public long Begun { get; } = begun;

    public TimeSpan Limit { get; } = limit;
}
