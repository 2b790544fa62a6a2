using KVCluster.Compression;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Tests.Kv;

/// <summary>A cache beside a plain model of it: every slot in a list. What the model says must hold of the cache after each step.</summary>
internal sealed class ModelCache(TestArena arena, KvCache cache)
{
    private readonly List<Slot>[] _heads = Enumerable.Range(0, arena.Geometry.Heads).Select(_ => new List<Slot>()).ToArray();
    private readonly bool[] _biased = new bool[arena.Geometry.Heads];
    private readonly int[] _pages = new int[arena.Geometry.Heads];
    private readonly int[] _biasPages = new int[arena.Geometry.Heads];
    private int _logical;
    private int _prepared;
    private bool _exact = true;

    public KvCache Cache => cache;

    public int Logical => _logical;

    public int Pins { get; private set; }

    public int SlotsOf(int head) => _heads[head].Count;

    public void Append(int tokens, int prepared, int stream)
    {
        cache.PrepareAppend(prepared);
        Prepared(prepared);
        int position = _logical;
        arena.Append(cache, tokens, (l, h, t, value) => TestArena.Seed(stream, l, h, position + t, value));
        Prepared(tokens);
        for (int i = 0; i < _heads.Length; i++)
        {
            _heads[i].AddRange(Enumerable.Range(position, tokens).Select(p => new Slot(p, stream, 0)));
        }

        _logical += tokens;
        _prepared -= tokens;
    }

    public ModelCache Fork()
    {
        _prepared = 0;
        var fork = new ModelCache(arena, cache.Fork()) { _logical = _logical, _exact = _exact };
        for (int i = 0; i < _heads.Length; i++)
        {
            fork._heads[i].AddRange(_heads[i]);
            fork._biased[i] = _biased[i];
        }

        fork.Trimmed();

        return fork;
    }

    public void Truncate(int logical)
    {
        cache.Truncate(logical);
        _logical = logical;
        _prepared = 0;
        _exact |= logical == 0;
        for (int i = 0; i < _heads.Length; i++)
        {
            _heads[i].RemoveAll(s => s.Position >= logical);
            _biased[i] &= logical > 0;
        }

        Trimmed();
    }

    public void Compact(int[][] kept)
    {
        cache.Compact(new RetentionPlan(arena.Geometry.Layers, arena.Geometry.KvHeads, kept));
        if (Enumerable.Range(0, kept.Length).All(i => kept[i].Length == _heads[i].Count))
        {
            return;
        }

        _exact = false;
        _prepared = 0;
        for (int i = 0; i < _heads.Length; i++)
        {
            List<Slot> left = kept[i].Select(slot => _heads[i][slot]).ToList();
            _heads[i].Clear();
            _heads[i].AddRange(left);
        }

        Trimmed();
    }

    public bool HasBias(int head) => _biased[head];

    public void EnableBias(int head)
    {
        cache.EnableBias(head / arena.Geometry.KvHeads, head % arena.Geometry.KvHeads);
        if (!_biased[head])
        {
            _biased[head] = true;
            _biasPages[head] = arena.Geometry.PagesForBiases(_heads[head].Count + _prepared);
        }
    }

    public void SetBias(int head, int start, float[] biases)
    {
        cache.SetBias(head / arena.Geometry.KvHeads, head % arena.Geometry.KvHeads, start, biases);
        _exact &= biases.Length == 0;
        for (int i = 0; i < biases.Length; i++)
        {
            _heads[head][start + i] = _heads[head][start + i] with { Bias = biases[i] };
        }
    }

    public void Pin()
    {
        cache.Pin();
        Pins++;
    }

    public void Unpin()
    {
        cache.Unpin();
        Pins--;
    }

    public void Check()
    {
        Assert.Equal((_logical, _exact, Pins > 0), (cache.LogicalLength, cache.IsExact, cache.IsPinned));
        for (int i = 0; i < _heads.Length; i++)
        {
            int layer = i / arena.Geometry.KvHeads;
            int head = i % arena.Geometry.KvHeads;
            Assert.Equal(_heads[i].Count, cache.Length(layer, head));
            CheckPages(i, layer, head);
            CheckRows(i, layer, head);
        }
    }

    private void CheckPages(int i, int layer, int head)
    {
        Assert.Equal(_pages[i], cache.KeyPages(layer, head).Length);
        Assert.Equal(_pages[i], cache.ValuePages(layer, head).Length);
        Assert.Equal(_biasPages[i], cache.BiasPages(layer, head).Length);
    }

    private void Prepared(int tokens)
    {
        _prepared = Math.Max(_prepared, tokens);
        for (int i = 0; i < _heads.Length; i++)
        {
            _pages[i] = Math.Max(_pages[i], arena.Geometry.PagesForRows(_heads[i].Count + _prepared));
            _biasPages[i] = _biased[i] ? Math.Max(_biasPages[i], arena.Geometry.PagesForBiases(_heads[i].Count + _prepared)) : 0;
        }
    }

    private void Trimmed()
    {
        for (int i = 0; i < _heads.Length; i++)
        {
            _pages[i] = arena.Geometry.PagesForRows(_heads[i].Count);
            _biasPages[i] = _biased[i] ? arena.Geometry.PagesForBiases(_heads[i].Count) : 0;
        }
    }

    private void CheckRows(int i, int layer, int head)
    {
        float[] keys = arena.Keys(cache, layer, head);
        float[] values = arena.Values(cache, layer, head);
        var biases = new float[_heads[i].Count];
        if (_biased[i])
        {
            arena.Store.ReadBiases(cache.BiasPages(layer, head), 0, biases);
        }

        var positions = new int[_heads[i].Count];
        cache.FillPositions(layer, head, positions);
        int size = arena.Geometry.HeadSize;
        for (int slot = 0; slot < biases.Length; slot++)
        {
            Slot expected = _heads[i][slot];
            bool same = positions[slot] == expected.Position
                && cache.OriginalPosition(layer, head, slot) == expected.Position
                && biases[slot] == expected.Bias
                && keys.AsSpan(slot * size, size).SequenceEqual(Row(expected, layer, head, false))
                && values.AsSpan(slot * size, size).SequenceEqual(Row(expected, layer, head, true));
            Assert.True(same, $"layer {layer}, head {head}, slot {slot} is not position {expected.Position} of stream {expected.Stream}");
        }
    }

    private float[] Row(Slot slot, int layer, int head, bool value) =>
        arena.Row(TestArena.Seed(slot.Stream, layer, head, slot.Position, value));

    private readonly record struct Slot(int Position, int Stream, float Bias);
}
