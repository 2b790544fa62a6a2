namespace KVCluster.Compression.Policies;

/// <summary>Parameters of LagKV.</summary>
public sealed record LagKvParameters : PolicyParameters
{
    /// <summary>The first tokens that stay.</summary>
    public int Sinks { get; init; } = 4;

    /// <summary>Tokens a partition.</summary>
    public int Lag { get; init; } = 128;

    /// <summary>Scores of different partitions compete as they are; false: only ranks within the partition count.</summary>
    public bool Cross { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireNotNegative(Sinks, nameof(Sinks));
        RequirePositive(Lag, nameof(Lag));
    }
}
