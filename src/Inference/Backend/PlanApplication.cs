using KVCluster.Compression;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Backend;

/// <summary>Carries out a plan in all its parts.</summary>
public static class PlanApplication
{
    /// <summary>
    /// Keeps only the plan's slots, then closes positions where the plan says so. Throws what <see cref="KvCache.Compact"/> and
    /// <see cref="IInferenceBackend.ClosePositions"/> throw; after a failure of the latter the cache is compacted and valid.
    /// </summary>
    public static void Apply(IInferenceBackend backend, KvCache cache, RetentionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(plan);
        cache.Compact(plan);
        if (plan.ClosesPositions)
        {
            backend.ClosePositions(cache);
        }
    }
}
