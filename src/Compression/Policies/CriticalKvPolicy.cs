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
    public ScoreRequest Request => _scorer.Request with { SlotNorms = _parameters.Norm };

    /// <inheritdoc/>
    public RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        AttentionScores ranked = _scorer.Rank(input);
        ISlotNorms norms = input.RequireSlotNorms();
        AttentionScores bounds = norms.UpperBounds();
        bounds.CheckFits(input.Shape, nameof(input));
        ScoreOperations.CheckFinite(bounds);
        AttentionScores sorted = DescendingSort.Rows(ranked);
        int[] counts = ScopedPlan.Counts(
            sorted,
            input.Shape,
            budget,
            _parameters is CriticalAdaKvParameters ? BudgetScope.Layer : BudgetScope.Head,
            share => _parameters is CriticalAdaKvParameters adaptive ? (int)(share * adaptive.Safeguard) : 0,
            _parameters.MinimumPerHead);
        int[][] kept = new int[counts.Length][];
        for (int i = 0; i < counts.Length; i++)
        {
            int layer = i / ranked.Heads;
            int head = i % ranked.Heads;
            kept[i] = Choose(
                ranked.Row(layer, head),
                sorted.Row(layer, head),
                counts[i],
                bounds.Row(layer, head),
                (slots, values) => norms.Read(layer, head, slots, values));
        }

        return new RetentionPlan(ranked.Layers, ranked.Heads, kept);
    }

    /// <summary>The best by score alone, protected slots, then the best by (score + epsilon) x norm.</summary>
    private int[] Choose(
        Span<float> scores, ReadOnlySpan<float> sorted, int count, ReadOnlySpan<float> bounds, BoundedRanking.Compute norms)
    {
        int[] best = SlotSelection.Best(scores, sorted, (int)(count * _parameters.FirstStage));
        foreach (int slot in best)
        {
            scores[slot] = float.PositiveInfinity;
        }

        float[] candidates = new float[scores.Length];
        int left = Math.Min(count, scores.Length);
        for (int slot = 0; slot < scores.Length; slot++)
        {
            bool taken = scores[slot] >= Protected;
            left -= taken ? 1 : 0;
            candidates[slot] = taken ? float.NegativeInfinity : scores[slot] + (float)_parameters.Epsilon;
        }

        if (left > 0)
        {
            BoundedRanking.Evaluate(candidates, bounds, left, norms);
        }

        for (int slot = 0; slot < scores.Length; slot++)
        {
            scores[slot] = scores[slot] >= Protected ? scores[slot] : candidates[slot];
        }

        return SlotSelection.Best(scores, count);
    }
}
