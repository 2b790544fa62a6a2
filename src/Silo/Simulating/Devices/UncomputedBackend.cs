using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Silo.Simulating;

/// <summary>A backend with real caches and without numbers: what asks for any is not supported. Steps are its descendants'.</summary>
internal abstract class UncomputedBackend : IInferenceBackend
{
    /// <inheritdoc/>
    public abstract ModelConfig Model { get; }

    /// <inheritdoc/>
    public abstract KvPool Pool { get; }

    /// <inheritdoc/>
    public abstract BackendMemory Memory { get; }

    /// <inheritdoc/>
    public abstract int MaxBatchTokens { get; }

    /// <inheritdoc/>
    public abstract KvCache CreateCache(ObservationOptions? observe = null);

    /// <inheritdoc/>
    public abstract void Forward(IReadOnlyList<ForwardRequest> batch);

    /// <inheritdoc/>
    public abstract AttentionScores? Observed(KvCache cache);

    /// <inheritdoc/>
    public IScoringPass BeginScoring(ScoringRequest request) => throw Computes();

    /// <inheritdoc/>
    public IHistoryPass BeginHistory(HistoryRequest request) => throw Computes();

    /// <inheritdoc/>
    public AttentionScores ProjectedValueNorms(KvCache cache, VectorNorm norm) => throw Computes();

    /// <inheritdoc/>
    public void WriteSlot(KvCache cache, int layer, int head, int slot, ReadOnlySpan<float> key, ReadOnlySpan<float> value, float bias) =>
        throw Computes();

    /// <inheritdoc/>
    public void ReadBiases(KvCache cache, int layer, int head, Span<float> destination) => throw Computes();

    /// <inheritdoc/>
    public void ClosePositions(KvCache cache) => throw Computes();

    /// <inheritdoc/>
    public AttentionScores ValueNorms(KvCache cache) => throw Computes();

    /// <inheritdoc/>
    public void ReadKeys(KvCache cache, int layer, int head, int start, int count, Span<float> destination) => throw Computes();

    /// <inheritdoc/>
    public void ReadValues(KvCache cache, int layer, int head, int start, int count, Span<float> destination) => throw Computes();

    /// <inheritdoc/>
    public abstract void Dispose();

    private NotSupportedException Computes() => new($"{GetType().Name} computes nothing");
}
