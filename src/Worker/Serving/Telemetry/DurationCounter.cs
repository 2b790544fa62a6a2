namespace KVCluster.Worker.Serving.Telemetry;

/// <summary>Counts durations. Written by the device's thread, read by any.</summary>
internal sealed class DurationCounter
{
    private readonly long[] _buckets = new long[DurationCounts.Bounds.Count + 1];
    private double _seconds;

    public void Add(double seconds, int times = 1)
    {
        _buckets[DurationCounts.BucketOf(seconds)] += times;
        Volatile.Write(ref _seconds, _seconds + (seconds * times));
    }

    public DurationCounts Snapshot() => new((long[])_buckets.Clone(), Volatile.Read(ref _seconds));
}
