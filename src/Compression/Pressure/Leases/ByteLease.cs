namespace KVCluster.Compression.Pressure.Leases;

/// <summary>What the allocator lends a node.</summary>
public sealed record ByteLease
{
    /// <summary>To which node.</summary>
    public required string Node { get; init; }

    /// <summary>The allocator's round: a lease of an earlier one than was seen is late and ignored.</summary>
    public required long Round { get; init; }

    /// <summary>Bytes the node may hold.</summary>
    public required long Bytes { get; init; }

    /// <summary>What each tenant may hold of them.</summary>
    public required IReadOnlyDictionary<string, TenantLease> Tenants { get; init; }

    /// <summary>How long it holds from its receipt on, by the node's own clock: clocks need not agree.</summary>
    public required TimeSpan Duration { get; init; }
}

/// <summary>A tenant's part of a node's lease.</summary>
/// <param name="EntitledBytes">Its fair part: who holds more weighs less (<see cref="SessionWeight.Importance"/>).</param>
/// <param name="GuaranteedBytes">What no act takes from it (<see cref="TenantBytes"/>).</param>
public readonly record struct TenantLease(long EntitledBytes, long GuaranteedBytes);
