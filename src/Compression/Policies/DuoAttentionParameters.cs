namespace KVCluster.Compression.Policies;

/// <summary>Parameters of DuoAttention.</summary>
public sealed record DuoAttentionParameters : PolicyParameters
{
    /// <summary>First tokens that streaming heads keep.</summary>
    public int Sinks { get; init; } = 64;

    /// <summary>Recent tokens that streaming heads keep.</summary>
    public int Recents { get; init; } = 256;

    /// <summary>At least this share of all KV heads streams; more as far as the budget demands.</summary>
    public double StreamingShare { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireNotNegative(Sinks, nameof(Sinks));
        RequireNotNegative(Recents, nameof(Recents));
        RequireShare(StreamingShare, nameof(StreamingShare));
    }
}
