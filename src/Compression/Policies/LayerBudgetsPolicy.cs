using KVCluster.Compression.Budgets;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>
/// Layer budgets over any scorer: uniform, falling with depth (PyramidKV, arXiv 2406.02069), by calibrated errors (CompressKV, arXiv
/// 2508.02401) or by global competition of composites (KVCompose, arXiv 2509.05165). Heads of a layer are equally long.
/// </summary>
public sealed class LayerBudgetsPolicy : ICompressionPolicy
{
    internal const string PolicyName = "layer-budgets";

    private readonly LayerBudgetsParameters _parameters;
    private readonly IScoringPolicy _scorer;

    /// <summary>The wrapper; throws <see cref="PolicyException"/> where a parameter is out of range.</summary>
    public LayerBudgetsPolicy(IScoringPolicy scorer, LayerBudgetsParameters? parameters = null)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        _scorer = scorer;
        _parameters = parameters ?? new LayerBudgetsParameters();
        _parameters.Validate();
    }

    /// <inheritdoc/>
    public string Name => PolicyName;

    /// <inheritdoc/>
    public PolicyParameters Parameters => _parameters;

    /// <inheritdoc/>
    public ScoreRequest Request => _parameters.Kind == LayerBudgetKind.Error ? _scorer.Request with { Calibration = true } : _scorer.Request;

    /// <inheritdoc/>
    public RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        AttentionScores ranked = _scorer.Rank(input);
        int[] counts = Counts(ranked, input, budget);
        return HeadPlan.Of(ranked, (layer, _) => Math.Max(counts[layer], _parameters.MinimumPerHead));
    }

    private int[] Counts(AttentionScores ranked, PolicyInput input, RetentionBudget budget)
    {
        CacheShape shape = input.Shape;
        int share = HeadPlan.Share(shape, budget, _parameters.MinimumPerHead);
        return _parameters.Kind switch
        {
            LayerBudgetKind.Uniform => [.. Enumerable.Repeat(share, shape.Layers)],
            LayerBudgetKind.Pyramid => PyramidBudget.Counts(shape, budget, _parameters.Minimum, _parameters.Beta),
            LayerBudgetKind.Error => LayerCounts.ByError(
                shape,
                input.RequireCalibration().LayerErrors ?? throw new PolicyException("the calibration of this model lacks the layer errors"),
                share,
                _parameters.Minimum,
                _parameters.Maximum),
            _ => LayerCounts.ByComposites(
                DescendingSort.Rows(ranked), shape, budget.Slots(shape, shape.IsEvenInLayers() ? shape.KvHeads : 1)),
        };
    }
}

/// <summary>How layers share a budget.</summary>
public enum LayerBudgetKind
{
    /// <summary>All alike.</summary>
    Uniform,

    /// <summary>Falling linearly with depth.</summary>
    Pyramid,

    /// <summary>By the errors compression makes in them, from calibration.</summary>
    Error,

    /// <summary>By their composite scores.</summary>
    Global,
}

/// <summary>Parameters of layer budgets.</summary>
public sealed record LayerBudgetsParameters : PolicyParameters
{
    /// <summary>The rule.</summary>
    public LayerBudgetKind Kind { get; init; }

    /// <summary>Pyramid: the last layer gets 1/beta of the mean.</summary>
    public int Beta { get; init; } = 20;

    /// <summary>Pyramid and error: tokens every layer keeps.</summary>
    public int Minimum { get; init; } = 32;

    /// <summary>Error: no layer gets more than so many mean budgets.</summary>
    public int Maximum { get; init; } = 3;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequirePositive(Beta, nameof(Beta));
        RequireNotNegative(Minimum, nameof(Minimum));
        RequirePositive(Maximum, nameof(Maximum));
    }
}
