using System.Numerics.Tensors;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>
/// DefensiveKV (arXiv 2510.13334): means over queries trust that importance is stable; here a slot's risk is the most attention any of the
/// last queries of any head of the group paid it, each query's row smoothed, and at least the mean over tokens, times ||W_o v||. The slots of
/// a layer compete (scope=layer), or those of all layers (scope=model, Layer-DefensiveKV). Slots that together receive a share of the mean
/// attention may come first. The window stays. All layers compete by default, and no slots come first: so it keeps the most accuracy.
/// </summary>
public sealed class DefensiveKvPolicy(DefensiveKvParameters? parameters = null) : ScoredPolicy<DefensiveKvParameters>(parameters)
{
    internal const string PolicyName = "defensivekv";

    /// <inheritdoc/>
    public override string Name => PolicyName;

    /// <inheritdoc/>
    public override ScoreRequest Request => new()
    {
        Attention = new AttentionRequest(AttentionSource.Window, QueryAggregation.Max)
        {
            Window = Settings.Window,
            SmoothingKernel = Settings.Kernel,
            WithMean = Settings.FirstStage > 0,
        },
        ProjectedValueNorms = Settings.ValueNorm ? Settings.Norm : null,
    };

    /// <inheritdoc/>
    protected override int Recents => Settings.Window;

    /// <inheritdoc/>
    public override AttentionScores Score(PolicyInput input)
    {
        AttentionScores scores = WindowScores.Of(input, Settings.Window, kernel: 1, GroupReduction.Max);
        for (int i = 0; i < scores.Layers * scores.Heads; i++)
        {
            int before = WindowScores.Before(input.Shape, i / scores.Heads, i % scores.Heads, Settings.Window);
            Span<float> row = scores.Row(i / scores.Heads, i % scores.Heads)[..before];
            if (before > 0)
            {
                TensorPrimitives.Max(row, TensorPrimitives.Sum<float>(row) / before, row);
            }
        }

        if (Settings.ValueNorm)
        {
            AttentionScores norms = ScoreOperations.GroupToKvHeads(input.RequireProjectedValueNorms(), input.Shape.KvHeads);
            if (Settings.HeadShares)
            {
                ToHeadShares(norms);
            }

            ScoreOperations.Multiply(scores, norms);
        }

        return scores;
    }

    /// <inheritdoc/>
    public override RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        AttentionScores ranked = Rank(input);
        if (Settings.FirstStage > 0)
        {
            var first = new AttentionMassStage(Settings.FirstStage, Settings.Window, Settings.ReferenceWindowShare);
            first.Raise(ranked, input, HeadPlan.Share(input.Shape, budget, Settings.MinimumPerHead));
        }

        return ScopedPlan.Of(ranked, input.Shape, budget, Settings.Scope, floor: 0, Settings.MinimumPerHead);
    }

    /// <summary>Each head's part in the sum of a slot's norms over the heads of the layer, which must be equally long.</summary>
    private static void ToHeadShares(AttentionScores norms)
    {
        for (int layer = 0; layer < norms.Layers; layer++)
        {
            float[] sums = new float[norms.Row(layer, 0).Length];
            for (int head = 0; head < norms.Heads; head++)
            {
                if (norms.Row(layer, head).Length != sums.Length)
                {
                    throw new PolicyException("head-shares compares a slot's norms over heads, but the heads are of different lengths");
                }

                TensorPrimitives.Add(sums, norms.Row(layer, head), sums);
            }

            for (int head = 0; head < norms.Heads; head++)
            {
                TensorPrimitives.Divide(norms.Row(layer, head), sums, norms.Row(layer, head));
            }
        }
    }
}

/// <summary>Parameters of DefensiveKV.</summary>
public sealed record DefensiveKvParameters : WindowParameters
{
    /// <summary>The last so many queries look; the paper's is 32.</summary>
    public DefensiveKvParameters() => Window = 32;

    /// <summary>How widely slots compete.</summary>
    public BudgetScope Scope { get; init; } = BudgetScope.Model;

    /// <summary>Scores are multiplied by ||W_o v||; without it the slots raised to the mean are all alike.</summary>
    public bool ValueNorm { get; init; } = true;

    /// <summary>
    /// Which norm of W_o v. Either bounds how far dropping a slot moves the output. The paper's code takes L1, which is a projection of every
    /// slot; L2 is a form of v alone, at a fifth of the cost or less.
    /// </summary>
    public VectorNorm Norm { get; init; } = VectorNorm.L2;

    /// <summary>
    /// Before anything else a head keeps slots that together receive nearly this share of the mean attention on what lies before the window;
    /// 0: no such slots. The paper's code takes 0.9.
    /// </summary>
    public double FirstStage { get; init; }

    /// <summary>
    /// As the paper's code does, the first stage's share is less by what the slots just before the window receive on average over the
    /// layer's heads; meant is what the window receives.
    /// </summary>
    public bool ReferenceWindowShare { get; init; }

    /// <summary>As the paper's code divides: by the norms of the same slot in all heads of the layer, which leaves little of what tells slots apart.</summary>
    public bool HeadShares { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireShare(FirstStage, nameof(FirstStage));
    }
}
