namespace KVCluster.Compression.Policies;

/// <summary>Parameters of StreamingLLM.</summary>
public sealed record StreamingLlmParameters : PolicyParameters
{
    /// <summary>The first tokens that stay.</summary>
    public int Sinks { get; init; } = 4;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireNotNegative(Sinks, nameof(Sinks));
    }
}
