using KVCluster.Compression.Budgets;

namespace KVCluster.Compression.Policies;

/// <summary>PyramidKV (arXiv 2406.02069): SnapKV's scores, and budgets that fall linearly with depth.</summary>
public sealed class PyramidKvPolicy(PyramidKvParameters? parameters = null) : ScoredPolicy<PyramidKvParameters>(parameters)
{
    internal const string PolicyName = "pyramidkv";

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

    /// <inheritdoc/>
    public override RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        AttentionScores ranked = Rank(input);
        int[] counts = PyramidBudget.Counts(input.Shape, budget, Settings.Window, Settings.Beta);
        return HeadPlan.Of(ranked, (layer, _) => Math.Max(counts[layer], Settings.MinimumPerHead));
    }
}

/// <summary>Parameters of PyramidKV.</summary>
public sealed record PyramidKvParameters : WindowParameters
{
    /// <summary>The last layer gets 1/beta of the mean budget.</summary>
    public int Beta { get; init; } = 20;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequirePositive(Beta, nameof(Beta));
    }
}
