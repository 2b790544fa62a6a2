namespace KVCluster.Compression.Policies;

/// <summary>
/// A policy that ranks slots by one score each: what wrappers (budgets by head or layer, refinements of a scorer) build on.
/// </summary>
public interface IScoringPolicy : ICompressionPolicy
{
    /// <summary>Scores [layers, kvHeads, slots], higher is more worth keeping; before any slot is protected.</summary>
    AttentionScores Score(PolicyInput input);
}
