using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;

namespace KVCluster.Worker.Calibration;

/// <summary>What CompressKV keeps of a cache when every layer is cut to the same few tokens.</summary>
public static class CappedPlan
{
    /// <summary>The plan; <paramref name="heads"/> are the semantic retrieval heads of each layer.</summary>
    public static RetentionPlan Of(
        IInferenceBackend backend, KvCache cache, ReadOnlyMemory<int> history, CompressKvPolicy policy, int[][] heads, int tokens)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(policy);
        PolicyContext context = new(history) { Calibration = new HeadCalibration { SemanticRetrievalHeads = heads } };
        GatheredInput gathered = PolicyInputs.Gather(backend, cache, policy.Request, context);
        return policy.Plan(gathered.Input, RetentionBudget.OfSlots((long)tokens * cache.Geometry.Heads));
    }
}
