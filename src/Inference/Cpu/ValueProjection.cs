using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// ||W_o,h v|| of every slot and query head: each head's columns of the output projection, as panels, times the head's values, since the
/// packed form has no way to multiply by a part of its columns.
/// </summary>
internal sealed unsafe class ValueProjection : IDisposable
{
    private const int Panel = GemmKernel.PanelColumns;
    private const int TileSlots = ProjectedNorm.TileSlots;

    /// <summary>Slots of one head that a thread takes at a time.</summary>
    private const int PieceSlots = 8 * TileSlots;

    private readonly CpuThreadPool _pool;
    private readonly PackedModel _model;
    private readonly ModelConfig _config;
    private readonly CpuPageStore _store;
    private readonly KvCache _cache;
    private readonly VectorNorm _norm;
    private readonly int _width;
    private readonly int _panels;
    private readonly NativeBuffer _weights;
    private readonly NativeBuffer _values = new();
    private readonly NativeBuffer[] _projected;
    private readonly float[][] _rows;
    private int _layer;
    private long _valueStride;

    public ValueProjection(CpuThreadPool pool, PackedModel model, CpuPageStore store, KvCache cache, VectorNorm norm)
    {
        _pool = pool;
        _model = model;
        _config = model.Config;
        _store = store;
        _cache = cache;
        _norm = norm;
        _width = _config.QueryHeads * _config.HeadSize;
        _panels = (_config.HiddenSize + Panel - 1) / Panel;
        _weights = new NativeBuffer((long)_panels * _width * Panel);
        _projected = new NativeBuffer[pool.Threads];
        for (int i = 0; i < _projected.Length; i++)
        {
            _projected[i] = new NativeBuffer(ProjectedNorm.TileFloats + (TileSlots * ProjectedNorm.Lanes));
        }

        _rows = new float[_config.Layers * _config.QueryHeads][];
    }

    public AttentionScores Run()
    {
        _weights.Clear();
        var expand = new DelegateWork(ExpandPanel);
        var load = new DelegateWork(LoadValues);
        var project = new ThreadWork(ProjectPiece);
        for (_layer = 0; _layer < _config.Layers; _layer++)
        {
            int longest = 0;
            for (int h = 0; h < _config.KvHeads; h++)
            {
                longest = Math.Max(longest, _cache.Length(_layer, h));
            }

            _valueStride = (long)longest * _config.HeadSize;
            _values.Ensure(_config.KvHeads * _valueStride);
            _pool.Run(_panels, expand);
            _pool.Run(_config.KvHeads, load);
            AddRows();
            _pool.Run(_config.QueryHeads * ((longest + PieceSlots - 1) / PieceSlots), project);
        }

        return new AttentionScores(_config.Layers, _config.QueryHeads, _rows);
    }

    public void Dispose()
    {
        _weights.Dispose();
        _values.Dispose();
        foreach (NativeBuffer buffer in _projected)
        {
            buffer.Dispose();
        }
    }

    /// <summary>32 outputs side by side, [Hq * d, 32], so that a head's part of it is a panel of its own.</summary>
    private void ExpandPanel(int panel)
    {
        float* to = _weights.Data + ((long)panel * _width * Panel);
        float* expanded = _model.Layers[_layer].AttentionOutput.Expand(panel, 0, _width, to);
        if (expanded != to)
        {
            Buffer.MemoryCopy(expanded, to, _width * Panel * sizeof(float), _width * Panel * sizeof(float));
        }
    }

    private void AddRows()
    {
        for (int h = 0; h < _config.QueryHeads; h++)
        {
            _rows[(_layer * _config.QueryHeads) + h] = new float[_cache.Length(_layer, h / _config.GroupSize)];
        }
    }

    private void LoadValues(int head)
    {
        int slots = _cache.Length(_layer, head);
        _store.ReadRows(
            _cache.ValuePages(_layer, head), 0, slots, new Span<float>(_values.Data + (head * _valueStride), slots * _config.HeadSize));
    }

    private void ProjectPiece(int piece, int thread)
    {
        int head = piece % _config.QueryHeads;
        int first = piece / _config.QueryHeads * PieceSlots;
        float[] norms = _rows[(_layer * _config.QueryHeads) + head];
        int end = Math.Min(first + PieceSlots, norms.Length);
        for (int slot = first; slot < end; slot += TileSlots)
        {
            ProjectTile(head, slot, norms.AsSpan(slot, Math.Min(TileSlots, end - slot)), _projected[thread].Data);
        }
    }

    private void ProjectTile(int head, int first, Span<float> norms, float* projected)
    {
        int size = _config.HeadSize;
        float* values = _values.Data + (head / _config.GroupSize * _valueStride) + ((long)first * size);
        float* sums = projected + ProjectedNorm.TileFloats;
        new Span<float>(sums, norms.Length * ProjectedNorm.Lanes).Clear();
        for (int panel = 0; panel < _panels; panel++)
        {
            float* weights = _weights.Data + ((((long)panel * _width) + (head * size)) * Panel);
            ProjectedNorm.AddPanel(values, size, weights, norms.Length, size, _norm, projected, sums);
        }

        for (int i = 0; i < norms.Length; i++)
        {
            norms[i] = ProjectedNorm.Of(sums + (i * ProjectedNorm.Lanes), _norm);
        }
    }
}
