using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Torch.Attention;

/// <summary>Where a sliding window begins. Positions ascend with slots, so what a query sees is one range.</summary>
internal static class SlotWindow
{
    /// <summary>
    /// First slot whose position p satisfies query - p &lt; window. Slots from <paramref name="committed"/> on hold the positions from the
    /// logical length on.
    /// </summary>
    public static int FirstSlot(ModelConfig model, KvCache cache, int layer, int head, int committed, int query)
    {
        if (model.WindowOf(layer) is not { } window)
        {
            return 0;
        }

        int oldest = query - window + 1;
        return oldest >= cache.LogicalLength
            ? committed + (oldest - cache.LogicalLength)
            : Math.Max(0, cache.SlotsBefore(layer, head, Math.Max(0, oldest)));
    }
}
