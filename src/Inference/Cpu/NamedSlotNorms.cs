using System.Runtime.CompilerServices;
using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Cpu.Packing;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>
/// L1 norms behind the output projection of slots that are named. Each thread takes a share of the slots; a panel of weights is expanded for
/// one KV head's group and used for all of them while it is in the first-level cache.
/// </summary>
internal sealed unsafe class NamedSlotNorms(
    CpuThreadPool pool, PackedModel model, CpuPageStore store, ProjectionFactors factors, NativeBuffer[] scratch, KvCache cache) : ISlotNorms
{
    private const int Panel = GemmKernel.PanelColumns;
    private const int TileSlots = ProjectedNorm.TileSlots;

    private readonly ModelConfig _config = model.Config;
    private readonly int _logicalLength = cache.LogicalLength;

    public long Bytes => 0;

    public AttentionScores UpperBounds()
    {
        Check();
        using var forms = new FactoredNorms(pool, _config, store, cache);
        return forms.Run(factors, bounds: true);
    }

    public void Read(int layer, int kvHead, ReadOnlySpan<int> slots, Span<float> norms)
    {
        Check();
        int[] named = slots.ToArray();
        float[] read = new float[named.Length];
        int share = (named.Length + pool.Threads - 1) / pool.Threads;
        share = (share + TileSlots - 1) / TileSlots * TileSlots;
        pool.Run(share == 0 ? 0 : (named.Length + share - 1) / share, new ThreadWork((i, thread) =>
        {
            int count = Math.Min(share, named.Length - (i * share));
            Part(layer, kvHead, named.AsSpan(i * share, count), read.AsSpan(i * share, count), scratch[thread]);
        }));
        read.CopyTo(norms);
    }

    private void Check()
    {
        if (cache.LogicalLength != _logicalLength)
        {
            throw new InvalidOperationException("the cache changed before its norms were read");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Part(int layer, int kvHead, ReadOnlySpan<int> slots, Span<float> norms, NativeBuffer buffer)
    {
        PackedMatrix weights = model.Layers[layer].AttentionOutput;
        int size = _config.HeadSize;
        int group = _config.GroupSize;
        int block = weights.BlockColumns;
        int first = kvHead * group * size;
        int begin = first / block * block;
        int count = Math.Min(weights.Columns, (first + (group * size) + block - 1) / block * block) - begin;
        buffer.Ensure(((long)count * Panel) + ProjectedNorm.TileFloats + ((long)slots.Length * (size + (group * ProjectedNorm.Lanes))));
        float* expanded = buffer.Data;
        float* tile = expanded + (count * Panel);
        float* values = tile + ProjectedNorm.TileFloats;
        float* sums = values + ((long)slots.Length * size);
        new Span<float>(sums, slots.Length * group * ProjectedNorm.Lanes).Clear();
        Gather(layer, kvHead, slots, values);
        for (int panel = 0; panel < weights.Panels; panel++)
        {
            float* columns = weights.Expand(panel, begin, count, expanded) + ((first - begin) * Panel);
            for (int slot = 0; slot < slots.Length; slot += TileSlots)
            {
                int rows = Math.Min(TileSlots, slots.Length - slot);
                for (int g = 0; g < group; g++)
                {
                    ProjectedNorm.AddPanel(
                        values + ((long)slot * size),
                        size,
                        columns + (g * size * Panel),
                        rows,
                        size,
                        VectorNorm.L1,
                        tile,
                        sums + ((((long)g * slots.Length) + slot) * ProjectedNorm.Lanes));
                }
            }
        }

        for (int i = 0; i < norms.Length; i++)
        {
            float sum = 0;
            for (int g = 0; g < group; g++)
            {
                sum += ProjectedNorm.Of(sums + ((((long)g * slots.Length) + i) * ProjectedNorm.Lanes), VectorNorm.L1);
            }

            norms[i] = sum / group;
        }
    }

    /// <summary>The slots' values side by side, neighbours together.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gather(int layer, int kvHead, ReadOnlySpan<int> slots, float* values)
    {
        int size = _config.HeadSize;
        ReadOnlySpan<int> pages = cache.ValuePages(layer, kvHead);
        for (int i = 0; i < slots.Length;)
        {
            int run = 1;
            while (i + run < slots.Length && slots[i + run] == slots[i] + run)
            {
                run++;
            }

            store.ReadRows(pages, slots[i], run, new Span<float>(values + ((long)i * size), run * size));
            i += run;
        }
    }
}
