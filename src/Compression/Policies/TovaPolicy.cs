using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>
/// TOVA (arXiv 2401.06104): attention of the last query, mean over all heads, one score of a token for every KV head; the last token stays.
/// </summary>
public sealed class TovaPolicy(TovaParameters? parameters = null) : ScoredPolicy<TovaParameters>(parameters)
{
    internal const string PolicyName = "tova";

    /// <inheritdoc/>
    public override string Name => PolicyName;

    /// <inheritdoc/>
    public override ScoreRequest Request => new()
    {
        Attention = new AttentionRequest(AttentionSource.Window, QueryAggregation.Mean) { Window = 1 },
    };

    /// <inheritdoc/>
    protected override int Recents => 1;

    /// <inheritdoc/>
    public override AttentionScores Score(PolicyInput input)
    {
        AttentionScores scores = WindowScores.Of(input, window: 1, kernel: 1);
        ScoreOperations.ReplaceByHeadMean(scores, input.Shape);
        return scores;
    }
}

/// <summary>Parameters of TOVA: none of its own.</summary>
public sealed record TovaParameters : PolicyParameters;
