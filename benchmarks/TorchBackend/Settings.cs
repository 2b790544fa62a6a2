using KVCluster.Inference.Kv;
using KVCluster.Inference.Torch;

namespace KVCluster.Benchmarks.Torch;

/// <summary>What is measured.</summary>
internal sealed record Settings(
    string Shape, string Device, TorchComputeType? Type, KvElementType Kv, int Prompt, int Context, int Generate, int[] Batches, int Threads, int Rounds);
