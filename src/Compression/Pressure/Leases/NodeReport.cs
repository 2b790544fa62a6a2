namespace KVCluster.Compression.Pressure.Leases;

/// <summary>What a node tells the allocator; its size depends on bins and tenants, not on sessions.</summary>
public sealed record NodeReport
{
    /// <summary>Which node.</summary>
    public required string Node { get; init; }

    /// <summary>Its physical size, bytes.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>Bytes held.</summary>
    public required long UsedBytes { get; init; }

    /// <summary>Bytes that turns wait for, or will within a round.</summary>
    public long WaitingBytes { get; init; }

    /// <summary>Bytes held by weighted score, over all its sessions (<see cref="ByteProfile.Sum"/>).</summary>
    public required ByteProfile Profile { get; init; }

    /// <summary>Bytes each tenant needs there: what it holds and waits for.</summary>
    public IReadOnlyDictionary<string, long> Needs { get; init; } = new Dictionary<string, long>();
}
