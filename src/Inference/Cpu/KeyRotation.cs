using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Cpu;

/// <summary>Turns cached keys from the positions they have to those they get when gaps are closed.</summary>
internal sealed class KeyRotation(CpuThreadPool pool, ModelConfig config, CpuPageStore store, KvCache cache)
{
    public void Run() => pool.Run(config.Layers * config.KvHeads, new DelegateWork(TurnHead));

    private void TurnHead(int index)
    {
        int layer = index / config.KvHeads;
        int head = index % config.KvHeads;
        ReadOnlySpan<int> pages = cache.KeyPages(layer, head);
        int slots = cache.Length(layer, head);
        Span<float> key = new float[config.HeadSize];
        for (int slot = 0; slot < slots; slot++)
        {
            int from = cache.OriginalPosition(layer, head, slot);
            int to = cache.ClosedPosition(layer, head, slot);
            if (from != to)
            {
                store.ReadRows(pages, slot, 1, key);
                Turn(key, from, to);
                store.WriteRows(pages, slot, 1, key);
            }
        }
    }

    private void Turn(Span<float> key, int from, int to)
    {
        int half = config.HeadSize / 2;
        for (int i = 0; i < half; i++)
        {
            // The angles are rounded to single precision each, as they are when a key is first turned.
            float frequency = config.Rotary.InverseFrequencies[i];
            (double sin, double cos) = Math.SinCos((double)(to * frequency) - (from * frequency));
            double a = key[i];
            double b = key[i + half];
            key[i] = (float)((a * cos) - (b * sin));
            key[i + half] = (float)((b * cos) + (a * sin));
        }
    }
}
