using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>Parameters of KVCompose. The defaults are the paper's but for <see cref="Chunk"/>.</summary>
public sealed record KvComposeParameters : PolicyParameters
{
    /// <summary>Whose attention the scores are made of.</summary>
    public AttentionSource Scores { get; init; } = AttentionSource.Replay;

    /// <summary>
    /// Tokens replayed at a time, each piece alone behind the context; 0: the whole context at once, as the paper has it. Pieces spare the
    /// attention of the replay to itself.
    /// </summary>
    public int Chunk { get; init; } = 512;

    /// <summary>Over those queries (AGG_task).</summary>
    public QueryAggregation Aggregation { get; init; } = QueryAggregation.Max;

    /// <summary>Over the query heads that share a KV head.</summary>
    public GroupReduction Group { get; init; } = GroupReduction.Mean;

    /// <summary>Scores are multiplied by ||v||.</summary>
    public bool ValueNorm { get; init; }

    /// <summary>To each token's score its mean over the layer's KV heads is added; without it composites align badly.</summary>
    public bool HeadMean { get; init; } = true;

    /// <summary>The first composites of each layer (unstructured: slots of each head) that stay whatever the threshold.</summary>
    public int KeepTokenLowerBound { get; init; }

    /// <summary>Sinks: tokens at positions below this always stay.</summary>
    public int KeepFirst { get; init; }

    /// <summary>Recents: tokens at the last so many positions always stay.</summary>
    public int KeepLast { get; init; }

    /// <summary>
    /// Each head keeps at least max(HeadFloor, HeadFloorShare of a head's mean budget): KVCompose leaves diffuse layers next to nothing.
    /// </summary>
    public int HeadFloor { get; init; }

    /// <summary>See <see cref="HeadFloor"/>; in [0, 1].</summary>
    public double HeadFloorShare { get; init; }

    /// <summary>
    /// The cut is made in so many steps of equal proportion, with new scores of what is left before each: what one cut changes, the next sees.
    /// </summary>
    public int Stages { get; init; } = 1;

    /// <summary>The Python reference's rule for layer 0, to compare with it; structured only.</summary>
    public bool ReferenceLayer0 { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireNotNegative(KeepTokenLowerBound, nameof(KeepTokenLowerBound));
        RequireNotNegative(KeepFirst, nameof(KeepFirst));
        RequireNotNegative(KeepLast, nameof(KeepLast));
        RequireNotNegative(Chunk, nameof(Chunk));
        RequireNotNegative(HeadFloor, nameof(HeadFloor));
        if (Scores == AttentionSource.Observed && Group != GroupReduction.Mean)
        {
            throw new PolicyException("group is max, but observed attention is gathered as the mean over the group");
        }

        if (Stages is < 1 or > 16)
        {
            throw new PolicyException($"stages is {Stages}: it lies in [1, 16]");
        }

        if (!(HeadFloorShare is >= 0 and <= 1))
        {
            throw new PolicyException($"head-floor-share is {HeadFloorShare}: it lies in [0, 1]");
        }
    }
}
