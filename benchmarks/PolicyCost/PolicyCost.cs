using KVCluster.Inference.Backend;

namespace KVCluster.Benchmarks.PolicyCost;

/// <summary>
/// Seconds of a prefill and of what the policy does after it, and the share of the conversation's pages it frees. Observes: what the prefill
/// must observe for the policy; null: nothing.
/// </summary>
internal readonly record struct PolicyCost(ObservationOptions? Observes, double Prefill, double Gather, double Plan, double Apply, double Freed);
