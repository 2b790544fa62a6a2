using KVCluster.Compression.Pressure.Leases;

namespace KVCluster.Evaluation.Scenarios;

/// <summary>Bytes of a simulated device. Every change goes through here, and none may take it above its limit.</summary>
internal sealed class DeviceMemory(string name, long capacity)
{
    public HeldLease Lease { get; set; } = new(name, capacity);

    public long Limit => Lease.LimitBytes;

    public long Used { get; private set; }

    /// <summary>The most ever held, of the limit of that instant.</summary>
    public double PeakShare { get; private set; }

    public long Free => Math.Max(0, Limit - Used);

    public void Take(long bytes)
    {
        if (bytes > Free)
        {
            throw new InvalidOperationException($"node {name}: {bytes} bytes asked for, {Used} of {Limit} held");
        }

        Used += bytes;
        PeakShare = Math.Max(PeakShare, (double)Used / Limit);
    }

    public void Give(long bytes)
    {
        Used -= bytes;
        if (Used < 0)
        {
            throw new InvalidOperationException($"node {name}: more was given back than held");
        }
    }

    public void Clear() => Used = 0;
}
