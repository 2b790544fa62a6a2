namespace KVCluster.Grains;

/// <summary>The allocator at one instant.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.AllocatorReport")]
public sealed record AllocatorReport
{
    /// <summary>Rounds since it was activated; 0: no node has reported.</summary>
    [Id(0)]
    public required long Round { get; init; }

    /// <summary>The last grant of every live node, by name.</summary>
    [Id(1)]
    public required LeaseGrant[] Grants { get; init; }

    /// <summary>The weighted score below which nothing should be held anywhere.</summary>
    [Id(2)]
    public required double Threshold { get; init; }

    /// <summary>Bytes by which nodes beyond the tolerance are short, in all.</summary>
    [Id(3)]
    public required long ShortBytes { get; init; }

    /// <summary>Moves ordered lately, newest first.</summary>
    [Id(4)]
    public required MoveOrder[] RecentMoves { get; init; }
}
