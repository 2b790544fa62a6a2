using KVCluster.Storage;

namespace KVCluster.Worker.Serving.Device.Pressure;

/// <summary>Whether the cold store takes copies, by what the last save came to.</summary>
internal sealed class StoreHealth(TimeProvider time, TimeSpan retry)
{
    private long _failedAt;

    /// <summary>False for a while after a save failed or found no room there.</summary>
    public bool IsGood => _failedAt == 0 || time.GetElapsedTime(_failedAt) >= retry;

    /// <summary>A save has ended.</summary>
    public void Note(SaveOutcome outcome)
    {
        bool failed = outcome is SaveOutcome.Unavailable or SaveOutcome.OverBudget;
        _failedAt = failed ? time.GetTimestamp() | 1 : 0;
    }
}
