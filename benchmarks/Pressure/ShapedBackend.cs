using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Silo.Simulating;

namespace KVCluster.Benchmarks.Pressure;

/// <summary>
/// Caches of a large model's shape under a small model's name: steps write rows and compute nothing, so that the pages are real and
/// touched, and what is measured is the worker.
/// </summary>
internal sealed class ShapedBackend : UncomputedBackend
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
    public override ModelConfig Model { get; }

    /// <inheritdoc/>
    public override KvPool Pool { get; }

    /// <inheritdoc/>
    public override BackendMemory Memory => new(0, _store.Bytes, 0);

    /// <inheritdoc/>
    public override int MaxBatchTokens => 4096;

    /// <inheritdoc/>
    public override KvCache CreateCache(ObservationOptions? observe = null) => new(Pool, new SeenSlots(Pool.Geometry));

    /// <inheritdoc/>
    public override void Forward(IReadOnlyList<ForwardRequest> batch)
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
    public override AttentionScores? Observed(KvCache cache) => new(
        Pool.Geometry.Layers,
        Pool.Geometry.KvHeads,
        [.. Enumerable.Range(0, Pool.Geometry.Heads).Select(((SeenSlots)cache.Companion!).Of)]);

    /// <inheritdoc/>
    public override void Dispose() => _store.Dispose();

    private void Touch(ReadOnlySpan<int> pages)
    {
        foreach (int page in pages)
        {
            _store.PageMemory(page).Span.Fill((byte)page);
        }
    }
}
