namespace KVCluster.Inference.Backend;

/// <summary>What a kept slot becomes when dropped ones are merged into it.</summary>
/// <param name="Layer">Its layer.</param>
/// <param name="Head">Its KV head.</param>
/// <param name="Slot">Its number after compaction.</param>
/// <param name="Key">[headSize], RoPE applied.</param>
/// <param name="Value">[headSize]</param>
/// <param name="Bias">Added to its logits: the logarithm of how many slots it stands for.</param>
internal sealed record MergedSlot(int Layer, int Head, int Slot, float[] Key, float[] Value, float Bias);
