using KVCluster.Compression;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Tests.Kv;

/// <summary>A small arena on the CPU, with rows that say where they came from.</summary>
internal sealed class TestArena : IDisposable
{
    public TestArena(int pages, KvElementType type = KvElementType.F32, int layers = 2, int kvHeads = 2, int headSize = 8, int pageTokens = 16)
    {
        Geometry = new KvGeometry(layers, kvHeads, headSize, type, pageTokens);
        Store = new CpuPageStore(Geometry, pages);
        Ledger = new MemoryLedger(pages, Geometry.PageBytes, Time);
        Pool = new KvPool(Geometry, pages, Store, Ledger);
    }

    public ManualTime Time { get; } = new();

    public KvGeometry Geometry { get; }

    public CpuPageStore Store { get; }

    public MemoryLedger Ledger { get; }

    public KvPool Pool { get; }

    public int FreePages => Ledger.Snapshot().FreePages;

    /// <summary>A row of small integers that every element type holds exactly; int8 because its largest value is 127.</summary>
    public float[] Row(int seed)
    {
        var row = new float[Geometry.HeadSize];
        uint state = (uint)seed;
        for (int i = 0; i < row.Length; i++)
        {
            state = (state * 1664525) + 1013904223;
            row[i] = (int)((state >> 8) % 255) - 127;
        }

        row[(int)((state >> 8) % (uint)row.Length)] = 127;
        return row;
    }

    /// <summary>Appends tokens in which key and value rows of (layer, head) come from <paramref name="seed"/>.</summary>
    public void Append(KvCache cache, int tokens, Func<int, int, int, bool, int> seed)
    {
        cache.PrepareAppend(tokens);
        for (int layer = 0; layer < Geometry.Layers; layer++)
        {
            for (int head = 0; head < Geometry.KvHeads; head++)
            {
                for (int t = 0; t < tokens; t++)
                {
                    int slot = cache.Length(layer, head) + t;
                    Store.WriteRows(cache.KeyPages(layer, head), slot, 1, Row(seed(layer, head, t, false)));
                    Store.WriteRows(cache.ValuePages(layer, head), slot, 1, Row(seed(layer, head, t, true)));
                }
            }
        }

        cache.CommitAppend(tokens);
    }

    /// <summary>Appends tokens whose rows depend on position, layer, head and <paramref name="stream"/>.</summary>
    public void Append(KvCache cache, int tokens, int stream = 0)
    {
        int position = cache.LogicalLength;
        Append(cache, tokens, (layer, head, t, value) => Seed(stream, layer, head, position + t, value));
    }

    public static int Seed(int stream, int layer, int head, int position, bool value) =>
        (((((((stream * 31) + layer) * 31) + head) * 4099) + position) * 2) + (value ? 1 : 0);

    public float[] Keys(KvCache cache, int layer, int head) => Read(cache.KeyPages(layer, head), cache.Length(layer, head));

    public float[] Values(KvCache cache, int layer, int head) => Read(cache.ValuePages(layer, head), cache.Length(layer, head));

    /// <summary>Checks that each slot holds what was appended at its original position.</summary>
    public void AssertContent(KvCache cache, Func<int, int> streamOfPosition)
    {
        for (int layer = 0; layer < Geometry.Layers; layer++)
        {
            for (int head = 0; head < Geometry.KvHeads; head++)
            {
                float[] keys = Keys(cache, layer, head);
                float[] values = Values(cache, layer, head);
                var positions = new int[cache.Length(layer, head)];
                cache.FillPositions(layer, head, positions);
                for (int slot = 0; slot < positions.Length; slot++)
                {
                    int p = positions[slot];
                    Assert.Equal(p, cache.OriginalPosition(layer, head, slot));
                    Range row = (slot * Geometry.HeadSize)..((slot + 1) * Geometry.HeadSize);
                    Assert.Equal(Row(Seed(streamOfPosition(p), layer, head, p, false)), keys[row]);
                    Assert.Equal(Row(Seed(streamOfPosition(p), layer, head, p, true)), values[row]);
                }
            }
        }
    }

    /// <summary>A plan that keeps the given slots of every head.</summary>
    public RetentionPlan Plan(Func<int, int, int[]> kept)
    {
        var slots = new int[Geometry.Heads][];
        for (int i = 0; i < slots.Length; i++)
        {
            slots[i] = kept(i / Geometry.KvHeads, i % Geometry.KvHeads);
        }

        return new RetentionPlan(Geometry.Layers, Geometry.KvHeads, slots);
    }

    public void CheckIntegrity()
    {
        Pool.CheckIntegrity();
        Ledger.CheckIntegrity();
    }

    public void Dispose() => Store.Dispose();

    private float[] Read(ReadOnlySpan<int> pages, int count)
    {
        var rows = new float[count * Geometry.HeadSize];
        Store.ReadRows(pages, 0, count, rows);
        return rows;
    }
}
