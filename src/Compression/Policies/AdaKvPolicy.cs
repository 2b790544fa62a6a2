using KVCluster.Compression.Budgets;

namespace KVCluster.Compression.Policies;

/// <summary>
/// AdaKV (arXiv 2407.11550) over any scorer: the slots of a layer's heads compete for the layer's budget, hence heads of different lengths;
/// a share of each head's mean budget is safe.
/// </summary>
public sealed class AdaKvPolicy : ICompressionPolicy
{
    internal const string PolicyName = "adakv";

    private readonly AdaKvParameters _parameters;
    private readonly IScoringPolicy _scorer;

    /// <summary>The wrapper; throws <see cref="PolicyException"/> where a parameter is out of range.</summary>
    public AdaKvPolicy(IScoringPolicy scorer, AdaKvParameters? parameters = null)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        _scorer = scorer;
        _parameters = parameters ?? new AdaKvParameters();
        _parameters.Validate();
    }

    /// <inheritdoc/>
    public string Name => PolicyName;

    /// <inheritdoc/>
    public PolicyParameters Parameters => _parameters;

    /// <inheritdoc/>
    public ScoreRequest Request => _scorer.Request;

    /// <inheritdoc/>
    public RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        AttentionScores ranked = _scorer.Rank(input);
        AttentionScores sorted = Scores.DescendingSort.Rows(ranked);
        int[] counts = ScopedPlan.Counts(
            sorted, input.Shape, budget, BudgetScope.Layer, share => (int)(share * _parameters.Safeguard), _parameters.MinimumPerHead);
        return ScopedPlan.FromCounts(ranked, sorted, counts);
    }
}

/// <summary>Parameters of AdaKV.</summary>
public sealed record AdaKvParameters : PolicyParameters
{
    /// <summary>This share of a head's mean budget is safe: its best slots stay whatever other heads score.</summary>
    public double Safeguard { get; init; } = 0.2;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireShare(Safeguard, nameof(Safeguard));
    }
}
