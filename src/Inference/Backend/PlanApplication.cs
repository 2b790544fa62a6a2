using KVCluster.Compression;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Backend;

/// <summary>Carries out a plan in all its parts.</summary>
public static class PlanApplication
{
    /// <summary>
    /// Keeps only the plan's slots; then writes merged slots and closes positions where the plan says so. Throws what
    /// <see cref="KvCache.Compact"/> throws before anything has changed; should the memory for what follows be missing
    /// (<see cref="ArenaFullException"/>), the cache is compacted and valid, without the rest.
    /// </summary>
    public static void Apply(IInferenceBackend backend, KvCache cache, RetentionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(plan);
        List<MergedSlot> merged = plan.Merges ? Merge(backend, cache, plan) : [];
        cache.Compact(plan);
        foreach (MergedSlot slot in merged)
        {
            backend.WriteSlot(cache, slot.Layer, slot.Head, slot.Slot, slot.Key, slot.Value, slot.Bias);
        }

        if (plan.ClosesPositions)
        {
            backend.ClosePositions(cache);
        }
    }

    // Read before the rows go, written after: the rows move meanwhile.
    private static List<MergedSlot> Merge(IInferenceBackend backend, KvCache cache, RetentionPlan plan)
    {
        List<MergedSlot> merged = [];
        for (int layer = 0; layer < plan.Layers; layer++)
        {
            for (int head = 0; head < plan.KvHeads; head++)
            {
                if (plan.Carrier(layer, head) >= 0 && plan.Kept(layer, head).Length < cache.Length(layer, head))
                {
                    merged.Add(SlotMerge.Of(backend, cache, plan, layer, head));
                }
            }
        }

        return merged;
    }
}
