using KVCluster.Inference.Kv;

namespace KVCluster.Benchmarks.PolicyCost;

/// <summary>What is measured on.</summary>
/// <param name="Model">Folder or GGUF file.</param>
/// <param name="Tokens">Tokens of the prefill.</param>
/// <param name="Threads">Threads of the backend.</param>
/// <param name="KvType">Element type of the cache.</param>
/// <param name="CpuTime">Times are the process's processor time, not the clock's.</param>
internal sealed record PolicyCostSettings(string Model, int Tokens, int Threads, KvElementType KvType, bool CpuTime);
