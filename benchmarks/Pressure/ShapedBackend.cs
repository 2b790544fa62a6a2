using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Benchmarks.Pressure;

/// <summary>
/// Caches of a large model's shape under a small model's name: steps write rows and compute nothing, so that the pages are real and
/// touched, and what is measured is the worker.
/// </summary>
internal sealed class ShapedBackend : IInferenceBackend
{
    private readonly CpuPageStore _store;
    private int _filled;

    public ShapedBackend(ModelConfig model, KvGeometry geometry, int pages)
    {
        Model = model;
        _store = new CpuPageStore(geometry, pages);
        Pool = new KvPool(geometry, pages, _store, new MemoryLedger(pages, geometry.PageBytes));
    }

    /// <inheritdoc/>
    public ModelConfig Model { get; }

    /// <inheritdoc/>
    public KvPool Pool { get; }

    /// <inheritdoc/>
    public BackendMemory Memory => new(0, _store.Bytes, 0);

    /// <inheritdoc/>
    public int MaxBatchTokens => 4096;

    /// <inheritdoc/>
    public KvCache CreateCache(ObservationOptions? observe = null) => new(Pool, new SeenSlots(Pool.Geometry));

    /// <inheritdoc/>
    public void Forward(IReadOnlyList<ForwardRequest> batch)
    {
        foreach (ForwardRequest request in batch)
        {
            KvCache cache = request.Cache;
            cache.PrepareAppend(request.Tokens.Length);
            cache.CommitAppend(request.Tokens.Length);
            for (int i = 0; i < Pool.Geometry.Heads; i++)
            {
                Touch(cache.KeyPages(i / Pool.Geometry.KvHeads, i % Pool.Geometry.KvHeads));
                Touch(cache.ValuePages(i / Pool.Geometry.KvHeads, i % Pool.Geometry.KvHeads));
            }

            ((SeenSlots)cache.Companion!).Fill(cache.LogicalLength, ++_filled);
            request.LogitsDestination.Span.Clear();
        }
    }

    /// <inheritdoc/>
    public AttentionScores? Observed(KvCache cache) => new(
        Pool.Geometry.Layers,
        Pool.Geometry.KvHeads,
        [.. Enumerable.Range(0, Pool.Geometry.Heads).Select(((SeenSlots)cache.Companion!).Of)]);

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
    public void Dispose() => _store.Dispose();

    private void Touch(ReadOnlySpan<int> pages)
    {
        foreach (int page in pages)
        {
            _store.PageMemory(page).Span.Fill((byte)page);
        }
    }

    private static NotSupportedException Computes() => new("a device of a shape computes nothing");
}
