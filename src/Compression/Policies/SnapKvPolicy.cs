namespace KVCluster.Compression.Policies;

/// <summary>
/// SnapKV (arXiv 2404.14469): mean attention of the last queries, smoothed over neighbours, mean over the group; the window stays.
/// </summary>
public sealed class SnapKvPolicy(SnapKvParameters? parameters = null) : ScoredPolicy<SnapKvParameters>(parameters)
{
    internal const string PolicyName = "snapkv";

    /// <inheritdoc/>
    public override string Name => PolicyName;

    /// <inheritdoc/>
    public override ScoreRequest Request => new()
    {
        Attention = new AttentionRequest(AttentionSource.Window, QueryAggregation.Mean) { Window = Settings.Window, OrObserved = true },
    };

    /// <inheritdoc/>
    protected override int Recents => Settings.Window;

    /// <inheritdoc/>
    public override AttentionScores Score(PolicyInput input) => WindowScores.Of(input, Settings.Window, Settings.Kernel);
}

/// <summary>Parameters of SnapKV.</summary>
public sealed record SnapKvParameters : WindowParameters;
