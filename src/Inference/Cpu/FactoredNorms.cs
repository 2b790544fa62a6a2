using System.Runtime.CompilerServices;
using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>||R v|| of every slot of a cache, for one or more factors R of each KV head.</summary>
internal sealed unsafe class FactoredNorms : IDisposable
{
    private const int Panel = GemmKernel.PanelColumns;
    private const int TileSlots = ProjectedNorm.TileSlots;

    private readonly CpuThreadPool _pool;
    private readonly ModelConfig _config;
    private readonly CpuPageStore _store;
    private readonly KvCache _cache;
    private readonly NativeBuffer[] _scratch;

    public FactoredNorms(CpuThreadPool pool, ModelConfig config, CpuPageStore store, KvCache cache)
    {
        _pool = pool;
        _config = config;
        _store = store;
        _cache = cache;
        _scratch = new NativeBuffer[pool.Threads];
        for (int i = 0; i < _scratch.Length; i++)
        {
            _scratch[i] = new NativeBuffer((TileSlots * (config.HeadSize + ProjectedNorm.Lanes)) + ProjectedNorm.TileFloats);
        }
    }

    /// <summary>Norms, rows = query heads, or bounds, rows = KV heads.</summary>
    public AttentionScores Run(ProjectionFactors factors, bool bounds)
    {
        int heads = bounds ? _config.KvHeads : _config.QueryHeads;
        var rows = new float[_config.Layers * heads][];
        int group = heads / _config.KvHeads;
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = new float[_cache.Length(i / heads, i % heads / group)];
        }

        NativeBuffer data = bounds ? factors.Bounds() : factors.Norms();
        _pool.Run(
            _config.Layers * _config.KvHeads, new ThreadWork((i, thread) => Head(i, data.Data, factors.Panels, rows, group, thread)));
        return new AttentionScores(_config.Layers, heads, rows);
    }

    public void Dispose()
    {
        foreach (NativeBuffer buffer in _scratch)
        {
            buffer.Dispose();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Head(int index, float* factors, int panels, float[][] rows, int group, int thread)
    {
        int size = _config.HeadSize;
        int layer = index / _config.KvHeads;
        int head = index % _config.KvHeads;
        int slots = _cache.Length(layer, head);
        float* values = _scratch[thread].Data;
        for (int slot = 0; slot < slots; slot += TileSlots)
        {
            int count = Math.Min(TileSlots, slots - slot);
            _store.ReadRows(_cache.ValuePages(layer, head), slot, count, new Span<float>(values, count * size));
            for (int g = 0; g < group; g++)
            {
                int row = (index * group) + g;
                Tile(values, factors + ((long)row * panels * size * Panel), panels, rows[row].AsSpan(slot, count));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Tile(float* values, float* factor, int panels, Span<float> norms)
    {
        int size = _config.HeadSize;
        float* tile = values + (TileSlots * size);
        float* sums = tile + ProjectedNorm.TileFloats;
        new Span<float>(sums, norms.Length * ProjectedNorm.Lanes).Clear();
        for (int panel = 0; panel < panels; panel++)
        {
            // Rows of R begin with zeros, as many as rows lie above them.
            int skip = panel * Panel;
            float* weights = factor + ((((long)panel * size) + skip) * Panel);
            ProjectedNorm.AddPanel(values + skip, size, weights, norms.Length, size - skip, VectorNorm.L2, tile, sums);
        }

        for (int i = 0; i < norms.Length; i++)
        {
            norms[i] = ProjectedNorm.Of(sums + (i * ProjectedNorm.Lanes), VectorNorm.L2);
        }
    }
}
