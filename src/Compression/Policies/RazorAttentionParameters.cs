namespace KVCluster.Compression.Policies;

/// <summary>Parameters of RazorAttention.</summary>
public sealed record RazorAttentionParameters : PolicyParameters
{
    /// <summary>The share of KV heads that keep everything: the paper's 14 % induction and 1 % echo heads.</summary>
    public double RetrievalShare { get; init; } = 0.15;

    /// <summary>First tokens that the other heads keep.</summary>
    public int Sinks { get; init; } = 4;

    /// <summary>The other heads keep at least so many recent tokens: rather fewer heads retrieve.</summary>
    public int MinimumRecents { get; init; } = 16;

    /// <summary>What a head drops stays as one compensation token: the mean of the dropped keys and values, weighted by their number.</summary>
    public bool Compensate { get; init; } = true;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireShare(RetrievalShare, nameof(RetrievalShare));
        RequireNotNegative(Sinks, nameof(Sinks));
        RequireNotNegative(MinimumRecents, nameof(MinimumRecents));
    }
}
