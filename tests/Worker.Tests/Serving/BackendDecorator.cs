using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Worker.Tests.Serving;

/// <summary>A backend that hands everything on to another, for those that change a part.</summary>
internal abstract class BackendDecorator(IInferenceBackend inner) : IInferenceBackend
{
    public ModelConfig Model => inner.Model;

    public KvPool Pool => inner.Pool;

    public BackendMemory Memory => inner.Memory;

    public int MaxBatchTokens => inner.MaxBatchTokens;

    public KvCache CreateCache(ObservationOptions? observe = null) => inner.CreateCache(observe);

    public virtual void Forward(IReadOnlyList<ForwardRequest> batch) => inner.Forward(batch);

    public virtual ILayerPass? BeginLayers(KvCache cache, ReadOnlyMemory<int> tokens) => inner.BeginLayers(cache, tokens);

    public virtual IScoringPass BeginScoring(ScoringRequest request) => inner.BeginScoring(request);

    public virtual IHistoryPass BeginHistory(HistoryRequest request) => inner.BeginHistory(request);

    public virtual AttentionScores ProjectedValueNorms(KvCache cache, VectorNorm norm) => inner.ProjectedValueNorms(cache, norm);

    public virtual ISlotNorms SlotNorms(KvCache cache, VectorNorm norm) => inner.SlotNorms(cache, norm);

    public void WriteSlot(KvCache cache, int layer, int head, int slot, ReadOnlySpan<float> key, ReadOnlySpan<float> value, float bias) =>
        inner.WriteSlot(cache, layer, head, slot, key, value, bias);

    public void ReadBiases(KvCache cache, int layer, int head, Span<float> destination) => inner.ReadBiases(cache, layer, head, destination);

    public void ClosePositions(KvCache cache) => inner.ClosePositions(cache);

    public virtual AttentionScores ValueNorms(KvCache cache) => inner.ValueNorms(cache);

    public virtual AttentionScores? Observed(KvCache cache) => inner.Observed(cache);

    public virtual void ReadKeys(KvCache cache, int layer, int head, int start, int count, Span<float> destination) =>
        inner.ReadKeys(cache, layer, head, start, count, destination);

    public virtual void ReadValues(KvCache cache, int layer, int head, int start, int count, Span<float> destination) =>
        inner.ReadValues(cache, layer, head, start, count, destination);

    public void Dispose()
    {
        // The inner one is its owner's.
    }
}
