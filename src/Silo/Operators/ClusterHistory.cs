namespace KVCluster.Silo.Operators;

/// <summary>A device's bytes over the last minutes, for charts. For one thread at a time.</summary>
internal sealed class ClusterHistory
{
    private const int Points = 900;

    private readonly Queue<HistoryPoint> _points = new();

    public IReadOnlyCollection<HistoryPoint> All => _points;

    public void Add(ClusterSnapshot snapshot)
    {
        _points.Enqueue(new HistoryPoint(
            snapshot.At,
            [.. snapshot.Nodes.SelectMany(n => n.Devices.Select(d => new DevicePoint(
                $"{n.Name}/{d.Observed.Report.Device}",
                d.Observed.Report.FreeBytes,
                d.Observed.Report.EvictableBytes,
                d.Observed.Report.PinnedBytes,
                d.Pressure?.WaitingBytes ?? 0)))],
            snapshot.Cold.Sum(c => c.Bytes)));
        while (_points.Count > Points)
        {
            _points.Dequeue();
        }
    }
}

/// <summary>All devices at one instant.</summary>
internal sealed record HistoryPoint(DateTimeOffset At, DevicePoint[] Devices, long ColdBytes);

/// <summary>A device's bytes at one instant.</summary>
internal readonly record struct DevicePoint(string Name, long Free, long Evictable, long Pinned, long Waiting);
