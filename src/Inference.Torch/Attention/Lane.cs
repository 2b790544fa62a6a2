using KVCluster.Inference.Kv;
using KVCluster.Inference.Torch.Memory;

namespace KVCluster.Inference.Torch.Attention;

/// <summary>One KV head of one sequence.</summary>
/// <param name="Cache">The sequence.</param>
/// <param name="Head">The KV head.</param>
internal readonly record struct Lane(KvCache Cache, int Head)
{
    public SlotState State => (SlotState)Cache.Companion!;
}
