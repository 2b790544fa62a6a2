namespace KVCluster.Benchmarks.PolicyCost;

/// <summary>
/// Seconds of a prefill, of one that observes what the policy scores by, and of what the policy does after it, and the share of the
/// conversation's pages it frees.
/// </summary>
internal readonly record struct PolicyCost(double Prefill, double Observing, double Gather, double Plan, double Apply, double Freed);
