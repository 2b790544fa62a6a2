using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tests.Cpu;

namespace KVCluster.Backend.Conformance.Support;

/// <summary>The backend under test over a model.</summary>
internal sealed class BackendFixture(
    TestBackend backend,
    LoadedModel model,
    KvElementType type = KvElementType.F32,
    int tokens = 2048,
    int pageTokens = 16,
    int maxBatch = 512,
    bool own = false)
    : ModelRunner<IInferenceBackend>(model, Open(backend, model, type, tokens, pageTokens, maxBatch), own)
{
    private static IInferenceBackend Open(
        TestBackend backend, LoadedModel model, KvElementType type, int tokens, int pageTokens, int maxBatch)
    {
        var geometry = new KvGeometry(model.Config.Layers, model.Config.KvHeads, model.Config.HeadSize, type, pageTokens);
        return backend.Open(model, type, KvCapacity.BytesFor(geometry, tokens), pageTokens, maxBatch);
    }
}
