using KVCluster.Compression;
using KVCluster.Inference.Kv;

namespace KVCluster.Storage.Tests.Support;

/// <summary>A small arena with rows of random numbers, and comparisons to the bit.</summary>
internal sealed class TestArena : IDisposable
{
    public TestArena(int pages = 600, KvElementType type = KvElementType.F32, int layers = 3, int kvHeads = 2, int headSize = 24, bool staged = false)
    {
        Geometry = new KvGeometry(layers, kvHeads, headSize, type, 16);
        Store = new CpuPageStore(Geometry, pages);
        Pool = new KvPool(Geometry, pages, staged ? new ForeignPages(Store) : Store, new MemoryLedger(pages, Geometry.PageBytes));
    }

    public KvGeometry Geometry { get; }

    public CpuPageStore Store { get; }

    public KvPool Pool { get; }

    public KvCache Empty() => new(Pool);

    /// <summary>A cache whose row of each position depends on the position's token alone.</summary>
    public KvCache Cache(ReadOnlySpan<int> tokens)
    {
        KvCache cache = Empty();
        Append(cache, tokens);
        return cache;
    }

    public void Append(KvCache cache, ReadOnlySpan<int> tokens)
    {
        cache.PrepareAppend(tokens.Length);
        var row = new float[Geometry.HeadSize];
        for (int i = 0; i < Geometry.Heads; i++)
        {
            (int layer, int head) = Math.DivRem(i, Geometry.KvHeads);
            for (int t = 0; t < tokens.Length; t++)
            {
                int slot = cache.Length(layer, head) + t;
                Fill(row, Mix(tokens[t], cache.LogicalLength + t, i, 0));
                Store.WriteRows(cache.KeyPages(layer, head), slot, 1, row);
                Fill(row, Mix(tokens[t], cache.LogicalLength + t, i, 1));
                Store.WriteRows(cache.ValuePages(layer, head), slot, 1, row);
            }
        }

        cache.CommitAppend(tokens.Length);
    }

    /// <summary>Keeps slots by a rule of layer, head and slot.</summary>
    public void Compact(KvCache cache, Func<int, int, int, bool> keep)
    {
        var slots = new int[Geometry.Heads][];
        for (int i = 0; i < slots.Length; i++)
        {
            (int layer, int head) = Math.DivRem(i, Geometry.KvHeads);
            slots[i] = [.. Enumerable.Range(0, cache.Length(layer, head)).Where(s => keep(layer, head, s))];
        }

        cache.Compact(new RetentionPlan(Geometry.Layers, Geometry.KvHeads, slots));
    }

    public void AssertSame(KvCache expected, KvCache actual)
    {
        Assert.Equal((expected.LogicalLength, expected.IsExact), (actual.LogicalLength, actual.IsExact));
        KvCacheLayout want = expected.Layout();
        KvCacheLayout got = actual.Layout();
        for (int i = 0; i < Geometry.Heads; i++)
        {
            (int layer, int head) = Math.DivRem(i, Geometry.KvHeads);
            Assert.Equal((want.Heads[i].Length, want.Heads[i].HasBiases), (got.Heads[i].Length, got.Heads[i].HasBiases));
            Assert.Equal(want.Heads[i].Positions?.ToArray(), got.Heads[i].Positions?.ToArray());
            Assert.Equal(Bytes(expected.KeyPages(layer, head), want.Heads[i].Length), Bytes(actual.KeyPages(layer, head), want.Heads[i].Length));
            Assert.Equal(Bytes(expected.ValuePages(layer, head), want.Heads[i].Length), Bytes(actual.ValuePages(layer, head), want.Heads[i].Length));
            Assert.Equal(Biases(expected, layer, head), Biases(actual, layer, head));
        }

        Pool.CheckIntegrity();
    }

    /// <summary>All rows as floats, [heads][2 * slots * headSize].</summary>
    public float[][] Rows(KvCache cache)
    {
        var rows = new float[Geometry.Heads][];
        for (int i = 0; i < rows.Length; i++)
        {
            (int layer, int head) = Math.DivRem(i, Geometry.KvHeads);
            int numbers = cache.Length(layer, head) * Geometry.HeadSize;
            rows[i] = new float[2 * numbers];
            Store.ReadRows(cache.KeyPages(layer, head), 0, cache.Length(layer, head), rows[i].AsSpan(0, numbers));
            Store.ReadRows(cache.ValuePages(layer, head), 0, cache.Length(layer, head), rows[i].AsSpan(numbers));
        }

        return rows;
    }

    public void Dispose() => Store.Dispose();

    /// <summary>A number that looks random and is the same in every run.</summary>
    public static int Mix(params ReadOnlySpan<int> parts)
    {
        uint hash = 2166136261;
        foreach (int part in parts)
        {
            hash = (hash ^ (uint)part) * 16777619;
            hash ^= hash >> 15;
        }

        return (int)(hash & 0x7fffffff);
    }

    /// <summary>Roughly normal numbers: keys and values are no uniform noise.</summary>
    private static void Fill(float[] row, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = (float)((random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) * (i % 7 == 0 ? 8 : 1));
        }
    }

    private byte[] Bytes(ReadOnlySpan<int> pages, int rows)
    {
        var bytes = new List<byte>();
        for (int row = 0; row < rows; row++)
        {
            Span<byte> page = Store.PageMemory(pages[row / Geometry.PageTokens]).Span;
            int within = row % Geometry.PageTokens;
            bytes.AddRange(page.Slice(within * Geometry.RowBytes, Geometry.RowBytes));
            bytes.AddRange(page.Slice(Geometry.ScaleBytes > 0 ? Geometry.ScaleOffset + (within * 4) : 0, Geometry.ScaleBytes));
        }

        return [.. bytes];
    }

    private float[] Biases(KvCache cache, int layer, int head)
    {
        if (cache.BiasPages(layer, head).IsEmpty)
        {
            return [];
        }

        var biases = new float[cache.Length(layer, head)];
        Store.ReadBiases(cache.BiasPages(layer, head), 0, biases);
        return biases;
    }

    /// <summary>A store whose pages cannot be read in place, as a GPU's.</summary>
    private sealed class ForeignPages(CpuPageStore inner) : IKvPageStore
    {
        public KvGeometry Geometry => inner.Geometry;

        public int PageCount => inner.PageCount;

        public void CopyPages(ReadOnlySpan<int> from, ReadOnlySpan<int> to) => inner.CopyPages(from, to);

        public void Compact(IReadOnlyList<HeadCompaction> heads) => inner.Compact(heads);

        public void WriteBiases(int page, int slot, ReadOnlySpan<float> biases) => inner.WriteBiases(page, slot, biases);

        public void ClearBiases(int page, int slot, int count) => inner.ClearBiases(page, slot, count);

        public void ExportPages(ReadOnlySpan<int> pages, Span<byte> destination) => inner.ExportPages(pages, destination);

        public void ImportPages(ReadOnlySpan<int> pages, ReadOnlySpan<byte> source) => inner.ImportPages(pages, source);
    }
}
