namespace KVCluster.Compression.Policies;

/// <summary>Parameters of CriticalKV.</summary>
public record CriticalKvParameters : PolicyParameters
{
    /// <summary>This share of a head's budget goes to the best by the scorer alone.</summary>
    public double FirstStage { get; init; } = 0.5;

    /// <summary>Added to scores before they are multiplied, so that values count where attention is nil.</summary>
    public double Epsilon { get; init; } = 1e-4;

    /// <summary>Which norm of W_o v; L2 bounds the same change of the output in another norm, at a fifth of the cost or less.</summary>
    public VectorNorm Norm { get; init; } = VectorNorm.L1;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireShare(FirstStage, nameof(FirstStage));
        RequireShare(Epsilon, nameof(Epsilon));
    }
}

/// <summary>Parameters of CriticalKV with AdaKV's budgets.</summary>
public sealed record CriticalAdaKvParameters : CriticalKvParameters
{
    /// <summary>AdaKV's safe share.</summary>
    public double Safeguard { get; init; } = 0.2;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireShare(Safeguard, nameof(Safeguard));
    }
}
