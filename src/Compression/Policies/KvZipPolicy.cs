using KVCluster.Compression.Budgets;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>
/// KVzip (arXiv 2505.23416): the model repeats its context chunk by chunk, and a slot scores the most attention any query of any query head
/// of its group paid it. All slots of all layers and heads compete (or those of a layer), hence heads of different lengths.
/// </summary>
public sealed class KvZipPolicy(KvZipParameters? parameters = null) : ScoredPolicy<KvZipParameters>(parameters)
{
    internal const string PolicyName = "kvzip";

    /// <inheritdoc/>
    public override string Name => PolicyName;

    /// <inheritdoc/>
    public override ScoreRequest Request => new()
    {
        Attention = new AttentionRequest(AttentionSource.Reconstruction, QueryAggregation.Max)
        {
            Weighting = Settings.Plus ? QueryWeighting.InverseHiddenNorm : QueryWeighting.Uniform,
            Reconstruction = new ReconstructionOptions(Settings.Chunk, Settings.Postfix)
            {
                Subsample = Settings.Subsample,
                SubsampleSinks = Settings.SubsampleSinks,
            },
        },
        ProjectedValueNorms = Settings.Plus ? VectorNorm.L2 : null,
    };

    /// <inheritdoc/>
    protected override int Sinks => Settings.Sinks;

    /// <inheritdoc/>
    public override AttentionScores Score(PolicyInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        AttentionScores attention = input.RequireAttention();
        if (Settings.Plus)
        {
            attention = attention.Copy();
            ScoreOperations.Multiply(attention, input.RequireProjectedValueNorms());
        }

        return ScoreOperations.GroupToKvHeads(attention, input.Shape.KvHeads, GroupReduction.Max);
    }

    /// <inheritdoc/>
    public override RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        BudgetScope scope = Settings.Layerwise ? BudgetScope.Layer : BudgetScope.Model;
        return ScopedPlan.Of(Rank(input), input.Shape, budget, scope, floor: 0, Settings.MinimumPerHead);
    }
}
