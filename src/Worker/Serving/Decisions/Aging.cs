namespace KVCluster.Worker.Serving.Decisions;

/// <summary>Priorities that waiting raises, so that none starves however many more important turns come.</summary>
/// <param name="time">The clock; its monotonic timestamps only.</param>
/// <param name="interval">Waiting that counts as one step of priority.</param>
internal sealed class Aging(TimeProvider time, TimeSpan interval)
{
    /// <summary>Priority plus one for each whole interval since <paramref name="since"/>, a timestamp.</summary>
    public int Rank(int priority, long since, long now)
    {
        double waited = time.GetElapsedTime(since, now) / interval;
        return (int)Math.Clamp(priority + Math.Floor(Math.Max(0, waited)), int.MinValue, int.MaxValue);
    }
}
