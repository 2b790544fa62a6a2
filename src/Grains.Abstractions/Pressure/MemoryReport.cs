namespace KVCluster.Grains;

/// <summary>What a node tells the allocator; its size depends on bins and tenants, not on sessions.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.MemoryReport")]
public sealed record MemoryReport
{
    /// <summary>The node.</summary>
    [Id(0)]
    public required string Node { get; init; }

    /// <summary>Bytes of its devices' arenas.</summary>
    [Id(1)]
    public required long CapacityBytes { get; init; }

    /// <summary>Bytes held.</summary>
    [Id(2)]
    public required long UsedBytes { get; init; }

    /// <summary>Bytes that turns wait for.</summary>
    [Id(3)]
    public required long WaitingBytes { get; init; }

    /// <summary>Bytes that no threshold frees: floors of all sessions and running turns.</summary>
    [Id(4)]
    public required long FloorBytes { get; init; }

    /// <summary>Bytes held beyond the floors by weighted score: one number a bin of the score histogram.</summary>
    [Id(5)]
    public required long[] BytesByBin { get; init; }

    /// <summary>Bytes each tenant holds and waits for there.</summary>
    [Id(6)]
    public required Dictionary<string, long> Needs { get; init; }

    /// <summary>What tenants with bytes there are promised over the whole cluster.</summary>
    [Id(7)]
    public required Dictionary<string, TenantPromise> Promises { get; init; }

    /// <summary>The last round it had a lease of: an allocator that starts over goes on from there.</summary>
    [Id(8)]
    public long LastRound { get; init; }
}

/// <summary>What a tenant is promised over the whole cluster.</summary>
/// <param name="Share">Its part relative to others, above 0, where bytes do not reach for all.</param>
/// <param name="GuaranteedBytes">Bytes it may always hold, as far as it needs them.</param>
/// <param name="LimitBytes">Most bytes it may hold; null: no limit.</param>
/// <param name="GuaranteedRetention">The share of each conversation's tokens, in [0, 1], that no cut takes.</param>
[GenerateSerializer, Immutable, Alias("KVCluster.TenantPromise")]
public readonly record struct TenantPromise(
    [property: Id(0)] double Share,
    [property: Id(1)] long GuaranteedBytes,
    [property: Id(2)] long? LimitBytes,
    [property: Id(3)] double GuaranteedRetention = 0);
