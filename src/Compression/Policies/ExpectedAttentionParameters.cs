namespace KVCluster.Compression.Policies;

/// <summary>Parameters of ExpectedAttention.</summary>
public sealed record ExpectedAttentionParameters : PolicyParameters
{
    /// <summary>Queries are expected at so many positions to come.</summary>
    public int FuturePositions { get; init; } = 512;

    /// <summary>The first tokens stay, and their queries do not count.</summary>
    public int Sinks { get; init; } = 4;

    /// <summary>The queries' covariance counts beside their mean.</summary>
    public bool Covariance { get; init; } = true;

    /// <summary>Scores are multiplied by ||v||.</summary>
    public bool ValueNorm { get; init; } = true;

    /// <summary>Added to the expected attention before that.</summary>
    public double Epsilon { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequirePositive(FuturePositions, nameof(FuturePositions));
        RequireNotNegative(Sinks, nameof(Sinks));
        RequireShare(Epsilon, nameof(Epsilon));
    }
}
