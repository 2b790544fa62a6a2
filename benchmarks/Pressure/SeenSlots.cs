using KVCluster.Inference.Kv;

namespace KVCluster.Benchmarks.Pressure;

/// <summary>Attention that slots have received, two bytes each, as the CPU backend keeps it: seeded and skewed.</summary>
internal sealed class SeenSlots : ISlotCompanion
{
    private readonly int _kvHeads;
    private readonly ushort[][] _seen;

    public SeenSlots(KvGeometry geometry)
        : this(geometry.KvHeads, [.. Enumerable.Range(0, geometry.Heads).Select(_ => Array.Empty<ushort>())])
    {
    }

    private SeenSlots(int kvHeads, ushort[][] seen)
    {
        _kvHeads = kvHeads;
        _seen = seen;
    }

    /// <inheritdoc/>
    public long Bytes => _seen.Sum(head => 2L * head.Length);

    /// <summary>Slots of all heads were looked at.</summary>
    public void Fill(int tokens, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < _seen.Length; i++)
        {
            _seen[i] = [.. Enumerable.Range(0, tokens).Select(_ => (ushort)(BitConverter.SingleToUInt32Bits((float)Math.Exp(-6 * random.NextDouble())) >> 16))];
        }
    }

    /// <summary>What one head's slots have received.</summary>
    public float[] Of(int head) => Array.ConvertAll(_seen[head], bits => BitConverter.UInt32BitsToSingle((uint)bits << 16));

    /// <inheritdoc/>
    public ISlotCompanion Fork() => new SeenSlots(_kvHeads, Array.ConvertAll(_seen, head => head.ToArray()));

    /// <inheritdoc/>
    public void Keep(int layer, int head, ReadOnlySpan<int> kept)
    {
        ushort[] seen = _seen[(layer * _kvHeads) + head];
        for (int i = 0; i < kept.Length; i++)
        {
            seen[i] = seen[kept[i]];
        }

        _seen[(layer * _kvHeads) + head] = seen[..kept.Length];
    }

    /// <inheritdoc/>
    public void Truncate(int layer, int head, int length)
    {
    }
}
