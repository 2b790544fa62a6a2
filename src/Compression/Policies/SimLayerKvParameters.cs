namespace KVCluster.Compression.Policies;

/// <summary>Parameters of SimLayerKV.</summary>
public sealed record SimLayerKvParameters : PolicyParameters
{
    /// <summary>The last so many queries tell whether a layer is lazy.</summary>
    public int Last { get; init; } = 1;

    /// <summary>Recent tokens that count as lazy to look at; a lazy layer keeps this many, less the last ones.</summary>
    public int Recent { get; init; } = 1024;

    /// <summary>First tokens that count as lazy to look at, and stay.</summary>
    public int Initial { get; init; } = 4;

    /// <summary>Layers are lazy from this share of attention on; 0: as many of the laziest as the budget demands.</summary>
    public double Threshold { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequirePositive(Last, nameof(Last));
        RequireNotNegative(Recent, nameof(Recent));
        RequireNotNegative(Initial, nameof(Initial));
        RequireShare(Threshold, nameof(Threshold));
    }
}
