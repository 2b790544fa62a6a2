using System.Numerics.Tensors;
using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// ||W_o,h v|| of every slot and query head: each head's columns of the output projection, as panels, times the head's values. The weights
/// are read from the model's file, since the packed form has no way to multiply by a part of its columns.
/// </summary>
internal sealed unsafe class ValueProjection : IDisposable
{
    private const int Panel = GemmKernel.PanelColumns;
    private const int TileSlots = 96;

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
            _projected[i] = new NativeBuffer(2 * TileSlots * Panel);
        }

        _rows = new float[_config.Layers * _config.QueryHeads][];
    }

    public AttentionScores Run()
    {
        _weights.Clear();
        var expand = new DelegateWork(ExpandPanel);
        var load = new DelegateWork(LoadValues);
        var project = new ThreadWork(ProjectHead);
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
            _pool.Run(_config.QueryHeads, project);
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
        WeightMatrix matrix = _model.Layers[_layer].Weights.AttentionOutput;
        var row = new float[_width];
        float* to = _weights.Data + ((long)panel * _width * Panel);
        for (int i = 0; i < Panel && (panel * Panel) + i < _config.HiddenSize; i++)
        {
            matrix.DequantizeRow((panel * Panel) + i, row);
            for (int k = 0; k < row.Length; k++)
            {
                to[(k * Panel) + i] = row[k];
            }
        }
    }

    private void LoadValues(int head)
    {
        int slots = _cache.Length(_layer, head);
        _store.ReadRows(
            _cache.ValuePages(_layer, head), 0, slots, new Span<float>(_values.Data + (head * _valueStride), slots * _config.HeadSize));
    }

    private void ProjectHead(int head, int thread)
    {
        int kvHead = head / _config.GroupSize;
        int size = _config.HeadSize;
        var norms = new float[_cache.Length(_layer, kvHead)];
        float* values = _values.Data + (kvHead * _valueStride);
        float* projected = _projected[thread].Data;
        for (int first = 0; first < norms.Length; first += TileSlots)
        {
            int count = Math.Min(TileSlots, norms.Length - first);
            Span<float> tile = new(projected, count * Panel);
            Span<float> sums = new(projected + (TileSlots * Panel), count * Panel);
            sums.Clear();
            for (int panel = 0; panel < _panels; panel++)
            {
                float* weights = _weights.Data + (((long)panel * _width) + (head * size)) * Panel;
                GemmKernel.Multiply32(values + ((long)first * size), size, weights, Panel, projected, Panel, count, size, accumulate: false);
                if (_norm == VectorNorm.L1)
                {
                    TensorPrimitives.Abs<float>(tile, tile);
                    TensorPrimitives.Add<float>(sums, tile, sums);
                }
                else
                {
                    TensorPrimitives.MultiplyAdd<float>(tile, tile, sums, sums);
                }
            }

            for (int i = 0; i < count; i++)
            {
                norms[first + i] = TensorPrimitives.Sum<float>(sums.Slice(i * Panel, Panel));
            }
        }

        for (int i = 0; i < norms.Length && _norm == VectorNorm.L2; i++)
        {
            norms[i] = MathF.Sqrt(norms[i]);
        }

        _rows[(_layer * _config.QueryHeads) + head] = norms;
    }

    private sealed class ThreadWork(Action<int, int> piece) : IIndexedWork
    {
        public void Run(int index, int thread) => piece(index, thread);
    }
}
