namespace KVCluster.Grains;

/// <summary>What the allocator lends a node, and what the node should move.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.LeaseGrant")]
public sealed record LeaseGrant
{
    /// <summary>The node.</summary>
    [Id(0)]
    public required string Node { get; init; }

    /// <summary>The allocator's round: a grant of an earlier one than was seen is late and ignored.</summary>
    [Id(1)]
    public required long Round { get; init; }

    /// <summary>Bytes the node may hold.</summary>
    [Id(2)]
    public required long Bytes { get; init; }

    /// <summary>How long it holds from its receipt on, by the node's own clock.</summary>
    [Id(3)]
    public required TimeSpan Duration { get; init; }

    /// <summary>Each tenant's part.</summary>
    [Id(4)]
    public required Dictionary<string, TenantGrant> Tenants { get; init; }

    /// <summary>Sessions should move from this node.</summary>
    [Id(5)]
    public required MoveOrder[] Moves { get; init; }
}

/// <summary>A tenant's part of a node's lease.</summary>
/// <param name="EntitledBytes">Its fair part: who holds more weighs less.</param>
/// <param name="GuaranteedBytes">What no act takes from it.</param>
/// <param name="LimitBytes">Most bytes it may hold there; null: no limit.</param>
[GenerateSerializer, Immutable, Alias("KVCluster.TenantGrant")]
public readonly record struct TenantGrant(
    [property: Id(0)] long EntitledBytes,
    [property: Id(1)] long GuaranteedBytes,
    [property: Id(2)] long? LimitBytes);

/// <summary>Sessions should move: the source chooses which.</summary>
/// <param name="From">The node that is short.</param>
/// <param name="To">The node that is not.</param>
/// <param name="Bytes">Most bytes to move.</param>
[GenerateSerializer, Immutable, Alias("KVCluster.MoveOrder")]
public readonly record struct MoveOrder([property: Id(0)] string From, [property: Id(1)] string To, [property: Id(2)] long Bytes);
