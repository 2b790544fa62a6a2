namespace KVCluster.Compression.Policies;

/// <summary>Parameters of KVzip.</summary>
public sealed record KvZipParameters : PolicyParameters
{
    /// <summary>Context tokens repeated at a time; the paper's is 2048.</summary>
    public int Chunk { get; init; } = 512;

    /// <summary>So many tokens of the chunk before tell the model where the next one begins.</summary>
    public int Postfix { get; init; } = 8;

    /// <summary>The first tokens that stay.</summary>
    public int Sinks { get; init; } = 4;

    /// <summary>Slots compete within their layer only.</summary>
    public bool Layerwise { get; init; }

    /// <summary>KVzip+: attention is divided by the query's hidden norm and multiplied by ||W_o v||.</summary>
    public bool Plus { get; init; }

    /// <summary>The reference's softmax, over the chunk, the sinks and the replay only; false: over the whole cache.</summary>
    public bool Subsample { get; init; }

    /// <summary>Sinks that share the subsampled softmax of later chunks.</summary>
    public int SubsampleSinks { get; init; } = 4;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequirePositive(Chunk, nameof(Chunk));
        RequireNotNegative(Postfix, nameof(Postfix));
        RequireNotNegative(Sinks, nameof(Sinks));
        RequireNotNegative(SubsampleSinks, nameof(SubsampleSinks));
    }
}
