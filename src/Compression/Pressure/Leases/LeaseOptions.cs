namespace KVCluster.Compression.Pressure.Leases;

/// <summary>How the allocator lends and moves.</summary>
public sealed record LeaseOptions
{
    /// <summary>Bytes all nodes together may hold; null: what they have.</summary>
    public long? ClusterBytes { get; init; }

    /// <summary>How long a lease holds; several rounds.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The share of its lease that a node should hold: half way between the devices' watermarks.</summary>
    public double Fill { get; init; } = 0.775;

    /// <summary>
    /// A node is short, or has room, only where it is further than this share of its lease from <see cref="Fill"/>: outside the devices'
    /// watermarks. Within them they rise and fall all the time.
    /// </summary>
    public double Tolerance { get; init; } = 0.075;

    /// <summary>The largest share of its lease that a node may send in one round, and also the largest it may take.</summary>
    public double MostMoved { get; init; } = 0.5;

    /// <summary>Throws <see cref="PolicyException"/> naming the value that is out of range.</summary>
    public void Validate()
    {
        if (ClusterBytes < 0)
        {
            throw new PolicyException($"cluster bytes {ClusterBytes}: not negative");
        }

        if (Duration <= TimeSpan.Zero)
        {
            throw new PolicyException($"lease duration {Duration}: above 0");
        }

        foreach ((double value, string name) in new[] { (Fill, "fill"), (MostMoved, "most moved") })
        {
            if (!(value > 0 && value <= 1))
            {
                throw new PolicyException($"{name} {value}: a share of the lease, in (0, 1]");
            }
        }

        if (!(Tolerance >= 0 && Tolerance < 1))
        {
            throw new PolicyException($"tolerance {Tolerance}: a share of the lease, in [0, 1)");
        }
    }
}
