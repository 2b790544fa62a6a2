using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>
/// H2O (arXiv 2306.14048), as ObservedAttention of kvpress: the attention a token received from all queries of the history, divided by how
/// many of them could see it, mean over the group. A cache that was opened for it sums that up as it fills; else all queries run again,
/// which costs about a prefill.
/// </summary>
public sealed class H2oPolicy(H2oParameters? parameters = null) : ScoredPolicy<H2oParameters>(parameters)
{
    internal const string PolicyName = "h2o";

    /// <inheritdoc/>
    public override string Name => PolicyName;

    /// <inheritdoc/>
    public override ScoreRequest Request => new()
    {
        Attention = new AttentionRequest(AttentionSource.Window, QueryAggregation.Mean) { OrObserved = true },
    };

    /// <inheritdoc/>
    protected override int Recents => Settings.KeepLast;

    /// <inheritdoc/>
    public override AttentionScores Score(PolicyInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        CacheShape shape = input.Shape;
        AttentionScores scores = ScoreOperations.GroupToKvHeads(input.RequireAttention(), shape.KvHeads);
        for (int i = 0; i < scores.Layers * scores.Heads; i++)
        {
            int layer = i / scores.Heads;
            int head = i % scores.Heads;
            Span<float> row = scores.Row(layer, head);
            for (int slot = 0; slot < row.Length; slot++)
            {
                row[slot] *= (float)shape.LogicalLength / (shape.LogicalLength - shape.Position(layer, head, slot));
            }
        }

        return scores;
    }
}

/// <summary>Parameters of H2O.</summary>
public sealed record H2oParameters : PolicyParameters
{
    /// <summary>The last so many tokens stay whatever they received: few queries have seen them.</summary>
    public int KeepLast { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireNotNegative(KeepLast, nameof(KeepLast));
    }
}
