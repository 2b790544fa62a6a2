using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>Turns cached keys from the positions they have to those they get when gaps are closed.</summary>
internal sealed class KeyRotation
{
    private readonly CpuThreadPool _pool;
    private readonly ModelConfig _config;
    private readonly CpuPageStore _store;
    private readonly KvCache _cache;
    private readonly int _half;
    private readonly float[] _cos;
    private readonly float[] _sin;

    public KeyRotation(CpuThreadPool pool, ModelConfig config, CpuPageStore store, KvCache cache)
    {
        _pool = pool;
        _config = config;
        _store = store;
        _cache = cache;
        _half = config.HeadSize / 2;
        _cos = new float[cache.LogicalLength * _half];
        _sin = new float[cache.LogicalLength * _half];
    }

    public void Run()
    {
        _pool.Run(_cache.LogicalLength, new DelegateWork(SetAngles));
        _pool.Run(_config.Layers * _config.KvHeads, new DelegateWork(TurnHead));
    }

    // The angles keys were turned by: rounded to single precision, which at far positions is part of the model.
    private void SetAngles(int position)
    {
        for (int i = 0; i < _half; i++)
        {
            (_sin[(position * _half) + i], _cos[(position * _half) + i]) = MathF.SinCos(position * _config.Rotary.InverseFrequencies[i]);
        }
    }

    private void TurnHead(int index)
    {
        int layer = index / _config.KvHeads;
        int head = index % _config.KvHeads;
        ReadOnlySpan<int> pages = _cache.KeyPages(layer, head);
        int slots = _cache.Length(layer, head);
        int start = _cache.ClosedStart(layer, head);
        Span<float> key = new float[_config.HeadSize];
        for (int slot = 0; slot < slots; slot++)
        {
            int from = _cache.OriginalPosition(layer, head, slot);
            int to = start + slot;
            if (from != to)
            {
                _store.ReadRows(pages, slot, 1, key);
                Turn(key, from * _half, to * _half);
                _store.WriteRows(pages, slot, 1, key);
            }
        }
    }

    private void Turn(Span<float> key, int from, int to)
    {
        for (int i = 0; i < _half; i++)
        {
            float cos = (_cos[to + i] * _cos[from + i]) + (_sin[to + i] * _sin[from + i]);
            float sin = (_sin[to + i] * _cos[from + i]) - (_cos[to + i] * _sin[from + i]);
            float a = key[i];
            float b = key[i + _half];
            key[i] = (a * cos) - (b * sin);
            key[i + _half] = (b * cos) + (a * sin);
        }
    }
}
