using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu.Attention;

/// <summary>
/// Which slots a query sees. Positions ascend with slots, so it is always one range; without a sliding window it begins at 0.
/// </summary>
internal static class VisibleRange
{
    /// <summary>
    /// First slot whose position p satisfies query - p &lt; window. Slots from <paramref name="committed"/> on hold positions
    /// logical, logical + 1, ...
    /// </summary>
    public static int FirstSlot(ModelConfig model, KvCache cache, int layer, int head, int committed, int query)
    {
        int? window = model.WindowOf(layer);
        if (window is null)
        {
            return 0;
        }

        int oldest = query - window.Value + 1;
        if (oldest >= cache.LogicalLength)
        {
            return committed + (oldest - cache.LogicalLength);
        }

        int low = 0;
        int high = committed;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (cache.OriginalPosition(layer, head, middle) < oldest)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
