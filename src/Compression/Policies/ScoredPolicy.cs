using KVCluster.Compression.Budgets;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>
/// A policy that scores every slot, protects some, and by default keeps the same number of the best in every head. Heads that hold fewer
/// than their share keep what they have.
/// </summary>
/// <typeparam name="TParameters">Its parameters.</typeparam>
public abstract class ScoredPolicy<TParameters> : IScoringPolicy
    where TParameters : PolicyParameters, new()
{
    /// <summary>Validates the parameters; null takes the defaults.</summary>
    protected ScoredPolicy(TParameters? parameters)
    {
        Settings = parameters ?? new TParameters();
        Settings.Validate();
    }

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public PolicyParameters Parameters => Settings;

    /// <inheritdoc/>
    public abstract ScoreRequest Request { get; }

    /// <summary>The parameters.</summary>
    protected TParameters Settings { get; }

    /// <summary>Positions below this always stay.</summary>
    protected virtual int Sinks => 0;

    /// <summary>The last so many positions always stay.</summary>
    protected virtual int Recents => 0;

    /// <inheritdoc/>
    public abstract AttentionScores Score(PolicyInput input);

    /// <inheritdoc/>
    public AttentionScores Rank(PolicyInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        AttentionScores scores = Score(input);
        ScoreOperations.CheckFinite(scores);
        ProtectedSlots.Raise(scores, input.Shape, Sinks, Recents);
        return scores;
    }

    /// <inheritdoc/>
    public virtual RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        AttentionScores ranked = Rank(input);
        return HeadPlan.Equal(ranked, HeadPlan.Share(input.Shape, budget, Settings.MinimumPerHead));
    }
}
