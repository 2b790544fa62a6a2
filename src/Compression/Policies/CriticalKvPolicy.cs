using KVCluster.Compression.Budgets;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>
/// CriticalKV (arXiv 2502.03805) over any scorer, in two stages: a share of each head's budget goes to the best by score, the rest to the
/// best by (score + epsilon) ||W_o v||_1, which bounds how far dropping a slot moves the output. With AdaKV's budgets heads of a layer
/// differ in length.
/// </summary>
public sealed class CriticalKvPolicy : ICompressionPolicy
{
    internal const string PolicyName = "criticalkv";
    internal const string AdaptiveName = "critical-adakv";

    /// <summary>Scores from here on are protected slots', not the scorer's.</summary>
    private const float Protected = float.MaxValue / 2;

    private readonly CriticalKvParameters _parameters;
    private readonly IScoringPolicy _scorer;

    /// <summary>The wrapper, with AdaKV's budgets where the parameters are; throws <see cref="PolicyException"/> where one is out of range.</summary>
    public CriticalKvPolicy(IScoringPolicy scorer, CriticalKvParameters? parameters = null)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        _scorer = scorer;
        _parameters = parameters ?? new CriticalKvParameters();
        _parameters.Validate();
    }

    /// <inheritdoc/>
    public string Name => _parameters is CriticalAdaKvParameters ? AdaptiveName : PolicyName;

    /// <inheritdoc/>
    public PolicyParameters Parameters => _parameters;

    /// <inheritdoc/>
    public ScoreRequest Request => _scorer.Request with { ProjectedValueNorms = _parameters.Norm };

    /// <inheritdoc/>
    public RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        AttentionScores ranked = _scorer.Rank(input);
        AttentionScores norms = ScoreOperations.GroupToKvHeads(input.RequireProjectedValueNorms(), input.Shape.KvHeads);
        ScoreOperations.CheckFinite(norms);
        AttentionScores sorted = DescendingSort.Rows(ranked);
        int[] counts = ScopedPlan.Counts(
            sorted,
            input.Shape,
            budget,
            _parameters is CriticalAdaKvParameters ? BudgetScope.Layer : BudgetScope.Head,
            share => _parameters is CriticalAdaKvParameters adaptive ? (int)(share * adaptive.Safeguard) : 0,
            _parameters.MinimumPerHead);
        for (int i = 0; i < counts.Length; i++)
        {
            int layer = i / ranked.Heads;
            int head = i % ranked.Heads;
            Refine(ranked.Row(layer, head), sorted.Row(layer, head), norms.Row(layer, head), (int)(counts[i] * _parameters.FirstStage));
        }

        return HeadPlan.Of(ranked, (layer, head) => counts[(layer * ranked.Heads) + head]);
    }

    private void Refine(Span<float> scores, ReadOnlySpan<float> sorted, ReadOnlySpan<float> norms, int first)
    {
        int[] best = SlotSelection.Best(scores, sorted, first);
        for (int slot = 0; slot < scores.Length; slot++)
        {
            scores[slot] = scores[slot] >= Protected ? scores[slot] : (scores[slot] + (float)_parameters.Epsilon) * norms[slot];
        }

        foreach (int slot in best)
        {
            scores[slot] = float.PositiveInfinity;
        }
    }
}
