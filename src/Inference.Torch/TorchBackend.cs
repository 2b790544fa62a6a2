using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Torch.Attention;
using KVCluster.Inference.Torch.Memory;
using KVCluster.Inference.Torch.Model;
using KVCluster.Inference.Torch.Passes;
using TorchSharp;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch;

/// <summary>
/// A device of libtorch: weights, arena, block tables and observed attention lie on it, and whole steps run there. One worker's thread drives
/// it; pages may be exported and imported from others. Every tensor belongs to a dispose scope or to an object of this backend, so that the
/// device's memory is what <see cref="Memory"/> says, and the activations of one step.
/// </summary>
public sealed partial class TorchBackend : IInferenceBackend
{
    private readonly TorchDevice _device;
    private readonly DeviceModel _model;
    private readonly TorchPageStore _store = null!;
    private readonly BlockTables _tables = null!;
    private readonly ObservationPool _pool = null!;
    private readonly PassParts _parts = null!;
    private readonly ForwardPass _forward = null!;

    /// <summary>
    /// Loads libtorch, brings the weights to the device (reporting progress from 0 to 1) and reserves the arena. Throws
    /// <see cref="InputException"/> naming what is missing or too large; nothing stays allocated then.
    /// </summary>
    public TorchBackend(LoadedModel model, TorchBackendOptions options, Action<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _device = TorchDevice.Open(options.Device);
        set_num_threads(options.Threads);
        ScalarType type = TypeOf(options, _device);
        _device.Require(type);
        Model = model.Config;
        MaxBatchTokens = options.MaxBatchTokens;
        var geometry = new KvGeometry(Model.Layers, Model.KvHeads, Model.HeadSize, options.KvType, options.PageTokens);
        ArenaSize.Check(geometry, options, _device);
        try
        {
            _model = new DeviceModel(model, _device, type, progress);
            int pages = ArenaSize.Pages(geometry, options, _device);
            var ledger = new MemoryLedger(pages, geometry.PageBytes);
            _store = new TorchPageStore(geometry, pages, _device, ledger.Snapshot, options.Transfers ?? _device.Transfers());
            Pool = new KvPool(geometry, pages, _store, ledger);
        }
        catch (Exception e)
        {
            _model?.Dispose();
            throw DeviceMemory.IsExhausted(e) ? new InputException($"{_device.Name} has too little memory for the model and its arena") : e;
        }

        _tables = new BlockTables(geometry, _device.Handle);
        _pool = new ObservationPool(geometry.PageTokens, _device.Handle);
        var core = new AttentionCore(options.MaxScoreBytes, options.FusedAttention ?? _device.IsCuda);
        _parts = new PassParts(_model, new DecoderLayers(_model), _store, core, MaxBatchTokens);
        _forward = new ForwardPass(_model, _parts.Layers, _store, _tables, _pool, core);
    }

    /// <summary>The device's name: "cpu" or "cuda:N".</summary>
    public string Device => _device.Name;

    /// <inheritdoc/>
    public ModelConfig Model { get; }

    /// <inheritdoc/>
    public KvPool Pool { get; } = null!;

    /// <inheritdoc/>
    public int MaxBatchTokens { get; }

    /// <summary>
    /// Bytes held between two steps; activations live only within one. The workspace includes page-locked host memory that pages travel through.
    /// </summary>
    public BackendMemory Memory => new(_model.Bytes, _store.Bytes, _store.SideBytes + _tables.Bytes + _pool.Bytes);

    /// <inheritdoc/>
    public KvCache CreateCache(ObservationOptions? observe = null) => new(Pool, new SlotState(Pool.Geometry, _pool, observe));

    /// <inheritdoc/>
    public IScoringPass BeginScoring(ScoringRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        ForwardCheck.Validate(request, this);
        return Guard(() => new ScoringPass(_parts, request));
    }

    /// <inheritdoc/>
    public IHistoryPass BeginHistory(HistoryRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        ForwardCheck.Validate(request, this);
        return Guard(() => new HistoryPass(_parts, request));
    }

    /// <inheritdoc/>
    public AttentionScores ProjectedValueNorms(KvCache cache, VectorNorm norm)
    {
        Owned(cache);
        return Guard(() => new SlotNorms(_parts, cache).Projected(norm));
    }

    /// <inheritdoc/>
    public ISlotNorms SlotNorms(KvCache cache, VectorNorm norm)
    {
        Owned(cache);
        return norm == VectorNorm.L1
            ? new NamedSlotNorms(_parts, cache)
            : new GivenSlotNorms(ScoreOperations.GroupToKvHeads(ProjectedValueNorms(cache, norm), Model.KvHeads));
    }

    /// <inheritdoc/>
    public AttentionScores ValueNorms(KvCache cache)
    {
        Owned(cache);
        return Guard(() => new SlotNorms(_parts, cache).Plain());
    }

    /// <inheritdoc/>
    public AttentionScores? Observed(KvCache cache)
    {
        SlotState state = Owned(cache);
        return !state.IsKnown ? null : Guard(() => new AttentionScores(Model.Layers, Model.KvHeads, state.Read(cache)));
    }

    /// <inheritdoc/>
    public void WriteSlot(KvCache cache, int layer, int head, int slot, ReadOnlySpan<float> key, ReadOnlySpan<float> value, float bias)
    {
        Owned(cache);
        cache.EnableBias(layer, head);
        cache.PrepareSlotRewrite(layer, head, slot);
        cache.SetBias(layer, head, slot, [bias]);
        WriteRow(cache.KeyPages(layer, head), slot, key);
        WriteRow(cache.ValuePages(layer, head), slot, value);
    }

    /// <inheritdoc/>
    public void ReadBiases(KvCache cache, int layer, int head, Span<float> destination)
    {
        Owned(cache);
        ReadOnlySpan<int> pages = cache.BiasPages(layer, head);
        if (pages.IsEmpty)
        {
            destination.Clear();
            return;
        }

        _store.ReadBiases(pages, destination);
    }

    /// <inheritdoc/>
    public void ClosePositions(KvCache cache)
    {
        SlotState state = Owned(cache);
        cache.PrepareKeyRewrite();
        new KeyRotation(_parts, cache).Run();
        state.ForgetPositions(cache);
        cache.CommitClosedPositions();
    }

    /// <inheritdoc/>
    public void ReadKeys(KvCache cache, int layer, int head, int start, int count, Span<float> destination)
    {
        Owned(cache);
        ReadRows(cache.KeyPages(layer, head), start, count, destination);
    }

    /// <inheritdoc/>
    public void ReadValues(KvCache cache, int layer, int head, int start, int count, Span<float> destination)
    {
        Owned(cache);
        ReadRows(cache.ValuePages(layer, head), start, count, destination);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tables.Dispose();
        _pool.Dispose();
        _store.Dispose();
        _model.Dispose();
    }

    private static ScalarType TypeOf(TorchBackendOptions options, TorchDevice device) => options.ComputeType switch
    {
        TorchComputeType.F32 => ScalarType.Float32,
        TorchComputeType.BF16 => ScalarType.BFloat16,
        TorchComputeType.F16 => ScalarType.Float16,
        _ => device.IsCuda ? ScalarType.BFloat16 : ScalarType.Float32,
    };

    private SlotState Owned(KvCache cache)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ForwardCheck.Owns(cache, this);
        return cache.Companion as SlotState ?? throw new ArgumentException("the cache was not made by this backend", nameof(cache));
    }

    private void WriteRow(ReadOnlySpan<int> pages, int slot, ReadOnlySpan<float> row)
    {
        using DisposeScope scope = NewDisposeScope();
        long at = ((long)pages[slot / Pool.Geometry.PageTokens] * Pool.Geometry.PageTokens) + (slot % Pool.Geometry.PageTokens);
        _store.WriteRows(Tensors.FromLongs([at], _device.Handle), Tensors.FromFloats(row, _device.Handle, 1, row.Length));
    }

    private void ReadRows(ReadOnlySpan<int> pages, int start, int count, Span<float> destination)
    {
        if (count == 0)
        {
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        int pageTokens = Pool.Geometry.PageTokens;
        var rows = new long[count];
        for (int i = 0; i < count; i++)
        {
            rows[i] = ((long)pages[(start + i) / pageTokens] * pageTokens) + ((start + i) % pageTokens);
        }

        _store.ReadRows(Tensors.FromLongs(rows, _device.Handle), ScalarType.Float32).CopyTo(destination[..(count * Model.HeadSize)]);
    }
}
