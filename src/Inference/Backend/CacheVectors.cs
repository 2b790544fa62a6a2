using KVCluster.Compression.Policies;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Backend;

/// <summary>Keys and values of a cache as policies read them.</summary>
internal sealed class CacheVectors(IInferenceBackend backend, KvCache cache) : ISlotVectors
{
    public int HeadSize => backend.Model.HeadSize;

    public void ReadKeys(int layer, int kvHead, Span<float> destination) =>
        backend.ReadKeys(cache, layer, kvHead, 0, cache.Length(layer, kvHead), destination);

    public void ReadValues(int layer, int kvHead, Span<float> destination) =>
        backend.ReadValues(cache, layer, kvHead, 0, cache.Length(layer, kvHead), destination);
}
