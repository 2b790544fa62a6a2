namespace KVCluster.Inference.Kv;

/// <summary>The slots of one (layer, KV head).</summary>
/// <param name="Length">Filled slots.</param>
/// <param name="Positions">Their original positions, ascending, [Length]; null where slot i is position i.</param>
/// <param name="HasBiases">Whether the head has attention biases.</param>
public readonly record struct KvHeadLayout(int Length, ReadOnlyMemory<int>? Positions = null, bool HasBiases = false);
