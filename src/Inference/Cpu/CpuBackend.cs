using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu.Attention;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// The CPU as a device: weights arranged once in their own encoding, one arena in host memory, a fixed pool of threads. Steps after the
/// first allocate no managed memory. The model's files must stay open while it lives.
/// </summary>
public sealed class CpuBackend : IInferenceBackend
{
    private readonly PackedModel _weights;
    private readonly CpuPageStore _store;
    private readonly CpuThreadPool _threads;
    private readonly LayerPipeline _pipeline;
    private readonly ForwardPass _forward;
    private readonly ProjectionFactors _factors;
    private readonly NativeBuffer[] _projections;

    /// <summary>
    /// Arranges the weights (reporting progress from 0 to 1) and reserves the arena. Throws <see cref="InputException"/> where the arena
    /// cannot hold one page of every head, or the system refuses the memory; nothing stays allocated then.
    /// </summary>
    public CpuBackend(LoadedModel model, CpuBackendOptions options, Action<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxBatchTokens, 1);
        Model = model.Config;
        MaxBatchTokens = options.MaxBatchTokens;
        var geometry = new KvGeometry(Model.Layers, Model.KvHeads, Model.HeadSize, options.KvType, options.PageTokens);
        int pages = PagesOf(geometry, options.ArenaBytes);
        _store = new CpuPageStore(geometry, pages);
        try
        {
            Pool = new KvPool(geometry, pages, _store, new MemoryLedger(pages, geometry.PageBytes));
            _weights = new PackedModel(model, progress);
            _threads = new CpuThreadPool(options.Threads, options.PinThreads);
            _pipeline = new LayerPipeline(_threads, _weights, MaxBatchTokens);
            _forward = new ForwardPass(_threads, _weights, _pipeline, _store, MaxBatchTokens);
            _factors = new ProjectionFactors(_threads, _weights);
            _projections = [.. Enumerable.Range(0, options.Threads).Select(_ => new NativeBuffer())];
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ModelConfig Model { get; }

    /// <inheritdoc/>
    public KvPool Pool { get; } = null!;

    /// <inheritdoc/>
    public int MaxBatchTokens { get; }

    /// <inheritdoc/>
    public BackendMemory Memory => new(_weights.Bytes, _store.Bytes, _pipeline.Bytes + _forward.Bytes + _factors.Bytes + _projections.Sum(p => p.Bytes));

    /// <inheritdoc/>
    public KvCache CreateCache(ObservationOptions? observe = null) =>
        new(Pool, observe is null ? null : new ObservedAttention(Model.Layers, Model.KvHeads, observe));

    /// <inheritdoc/>
    public void Forward(IReadOnlyList<ForwardRequest> batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ForwardCheck.Validate(batch, this);
        int prepared = 0;
        try
        {
            for (; prepared < batch.Count; prepared++)
            {
                batch[prepared].Cache.PrepareAppend(batch[prepared].Tokens.Length);
            }
        }
        catch (ArenaFullException)
        {
            for (int i = 0; i < prepared; i++)
            {
                batch[i].Cache.Truncate(batch[i].Cache.LogicalLength);
            }

            throw;
        }

        _forward.Run(batch);
        for (int i = 0; i < batch.Count; i++)
        {
            batch[i].Cache.CommitAppend(batch[i].Tokens.Length);
        }
    }

    /// <inheritdoc/>
    public ILayerPass BeginLayers(KvCache cache, ReadOnlyMemory<int> tokens)
    {
        var request = new ForwardRequest(cache) { Tokens = tokens, Logits = LogitsRows.None };
        ForwardCheck.Validate([request], this);
        return new LayerPass(_forward, Model, _pipeline, request);
    }

    /// <inheritdoc/>
    public IScoringPass BeginScoring(ScoringRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        ForwardCheck.Validate(request, this);
        return new ScoringPass(_threads, _weights, _pipeline, _store, request, MaxBatchTokens);
    }

    /// <inheritdoc/>
    public IHistoryPass BeginHistory(HistoryRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        ForwardCheck.Validate(request, this);
        return new HistoryPass(_threads, _weights, _pipeline, _store, request, MaxBatchTokens);
    }

    /// <inheritdoc/>
    public AttentionScores ProjectedValueNorms(KvCache cache, VectorNorm norm)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ForwardCheck.Owns(cache, this);
        if (norm == VectorNorm.L2 && _factors.AreWorth)
        {
            using var forms = new FactoredNorms(_threads, Model, _store, cache);
            return forms.Run(_factors, bounds: false);
        }

        using var projection = new ValueProjection(_threads, _weights, _store, cache, norm);
        return projection.Run();
    }

    /// <inheritdoc/>
    public ISlotNorms SlotNorms(KvCache cache, VectorNorm norm)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ForwardCheck.Owns(cache, this);
        return norm == VectorNorm.L1 && _factors.AreWorth
            ? new NamedSlotNorms(_threads, _weights, _store, _factors, _projections, cache)
            : new GivenSlotNorms(ScoreOperations.GroupToKvHeads(ProjectedValueNorms(cache, norm), Model.KvHeads));
    }

    /// <inheritdoc/>
    public void WriteSlot(KvCache cache, int layer, int head, int slot, ReadOnlySpan<float> key, ReadOnlySpan<float> value, float bias)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ForwardCheck.Owns(cache, this);
        cache.EnableBias(layer, head);
        cache.PrepareSlotRewrite(layer, head, slot);
        cache.SetBias(layer, head, slot, [bias]);
        _store.WriteRows(cache.KeyPages(layer, head), slot, 1, key);
        _store.WriteRows(cache.ValuePages(layer, head), slot, 1, value);
    }

    /// <inheritdoc/>
    public void ReadBiases(KvCache cache, int layer, int head, Span<float> destination)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ForwardCheck.Owns(cache, this);
        ReadOnlySpan<int> pages = cache.BiasPages(layer, head);
        if (pages.IsEmpty)
        {
            destination.Clear();
            return;
        }

        _store.ReadBiases(pages, 0, destination);
    }

    /// <inheritdoc/>
    public void ClosePositions(KvCache cache)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ForwardCheck.Owns(cache, this);
        cache.PrepareKeyRewrite();
        new KeyRotation(_threads, Model, _store, cache).Run();
        (cache.Companion as ObservedAttention)?.ForgetPositions(cache);
        cache.CommitClosedPositions();
    }

    /// <inheritdoc/>
    public AttentionScores ValueNorms(KvCache cache)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ForwardCheck.Owns(cache, this);
        var norms = new float[Model.Layers * Model.KvHeads][];
        var row = new float[Model.HeadSize];
        for (int i = 0; i < norms.Length; i++)
        {
            norms[i] = new float[cache.Length(i / Model.KvHeads, i % Model.KvHeads)];
            ReadOnlySpan<int> pages = cache.ValuePages(i / Model.KvHeads, i % Model.KvHeads);
            for (int slot = 0; slot < norms[i].Length; slot++)
            {
                _store.ReadRows(pages, slot, 1, row);
                norms[i][slot] = System.Numerics.Tensors.TensorPrimitives.Norm<float>(row);
            }
        }

        return new AttentionScores(Model.Layers, Model.KvHeads, norms);
    }

    /// <inheritdoc/>
    public AttentionScores? Observed(KvCache cache)
    {
        ArgumentNullException.ThrowIfNull(cache);
        if (cache.Companion is not ObservedAttention { IsKnown: true } observed)
        {
            return null;
        }

        var scores = new float[Model.Layers * Model.KvHeads][];
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = new float[cache.Length(i / Model.KvHeads, i % Model.KvHeads)];
            observed.Read(cache, i / Model.KvHeads, i % Model.KvHeads, scores[i]);
        }

        return new AttentionScores(Model.Layers, Model.KvHeads, scores);
    }

    /// <inheritdoc/>
    public void ReadKeys(KvCache cache, int layer, int head, int start, int count, Span<float> destination)
    {
        ArgumentNullException.ThrowIfNull(cache);
        _store.ReadRows(cache.KeyPages(layer, head), start, count, destination);
    }

    /// <inheritdoc/>
    public void ReadValues(KvCache cache, int layer, int head, int start, int count, Span<float> destination)
    {
        ArgumentNullException.ThrowIfNull(cache);
        _store.ReadRows(cache.ValuePages(layer, head), start, count, destination);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (NativeBuffer projection in _projections ?? [])
        {
            projection.Dispose();
        }

        _factors?.Dispose();
        _forward?.Dispose();
        _pipeline?.Dispose();
        _threads?.Dispose();
        _weights?.Dispose();
        _store.Dispose();
    }

    private static int PagesOf(KvGeometry geometry, long arenaBytes)
    {
        long pages = arenaBytes / geometry.PageBytes;
        long least = 2L * geometry.Heads;
        if (pages < least)
        {
            throw new InputException(
                $"an arena of {arenaBytes} bytes is too small for this model: one page for every head takes {least * geometry.PageBytes} bytes");
        }

        // Reserving more than there is succeeds and fails later, in the middle of somebody's turn.
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (arenaBytes > available || pages > int.MaxValue)
        {
            throw new InputException($"an arena of {arenaBytes} bytes is more than this machine has: {available} bytes of memory");
        }

        return (int)pages;
    }
}
