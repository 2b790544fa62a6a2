namespace KVCluster.Benchmarks.PolicyCost;

/// <summary>Seconds of a prefill and of what a policy does after it, and the share of the conversation's pages it frees.</summary>
internal readonly record struct PolicyCost(double Prefill, double Gather, double Plan, double Apply, double Freed);
