namespace KVCluster.Compression.Policies;

/// <summary>
/// A policy that ranks slots by one score each: what wrappers (budgets by head or layer, refinements of a scorer) build on.
/// </summary>
public interface IScoringPolicy : ICompressionPolicy
{
    /// <summary>Scores [layers, kvHeads, slots], higher is more worth keeping; before any slot is protected.</summary>
    AttentionScores Score(PolicyInput input);

    /// <summary>
    /// The same with protected slots raised above all others: what slots are ranked by. Throws <see cref="PolicyException"/> where a score
    /// is not a finite number.
    /// </summary>
    AttentionScores Rank(PolicyInput input);
}
