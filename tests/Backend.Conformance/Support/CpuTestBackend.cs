using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Backend.Conformance.Support;

/// <summary>The C# kernels.</summary>
internal sealed class CpuTestBackend : TestBackend
{
    public static CpuTestBackend Instance { get; } = new();

    public override IInferenceBackend Open(LoadedModel model, KvElementType type, long arenaBytes, int pageTokens, int maxBatchTokens) =>
        new CpuBackend(model, new CpuBackendOptions
        {
            ArenaBytes = arenaBytes,
            KvType = type,
            PageTokens = pageTokens,
            Threads = 2,
            MaxBatchTokens = maxBatchTokens,
        });

    // A row is one chain of additions, whatever is computed beside it.
    public override double RoundingTolerance(KvElementType type) => 2e-4;
}
