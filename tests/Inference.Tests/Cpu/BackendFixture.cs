using KVCluster.Inference.Cpu;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Tests.Cpu;

/// <summary>The CPU backend over a model.</summary>
internal sealed class BackendFixture(
    LoadedModel model,
    KvElementType type = KvElementType.F32,
    int threads = 2,
    int tokens = 2048,
    int pageTokens = 16,
    int maxBatch = 512,
    bool own = false)
    : ModelRunner<CpuBackend>(model, Open(model, type, threads, tokens, pageTokens, maxBatch), own)
{
    private static CpuBackend Open(LoadedModel model, KvElementType type, int threads, int tokens, int pageTokens, int maxBatch)
    {
        var geometry = new KvGeometry(model.Config.Layers, model.Config.KvHeads, model.Config.HeadSize, type, pageTokens);
        return new CpuBackend(model, new CpuBackendOptions
        {
            ArenaBytes = KvCapacity.BytesFor(geometry, tokens),
            KvType = type,
            PageTokens = pageTokens,
            Threads = threads,
            MaxBatchTokens = maxBatch,
        });
    }
}
