namespace KVCluster.Compression;

/// <summary>
/// Which slots each (layer, KV head) of one cache keeps. Pure data: made from scores and budgets, applied by whoever owns the cache.
/// Slots are indices into the head's present slots (not original positions), ascending, none twice.
/// </summary>
public sealed class RetentionPlan
{
    private readonly int[][] _kept;
    private int[]? _carriers;

    /// <summary>Takes the kept slots, layer-major: entry layer * kvHeads + head. Throws where they are not strictly ascending.</summary>
    public RetentionPlan(int layers, int kvHeads, int[][] kept)
    {
        ArgumentNullException.ThrowIfNull(kept);
        if (kept.Length != layers * kvHeads)
        {
            throw new ArgumentException($"{kept.Length} kept lists for {layers} layers of {kvHeads} KV heads", nameof(kept));
        }

        for (int i = 0; i < kept.Length; i++)
        {
            ReadOnlySpan<int> slots = kept[i];
            for (int n = 0; n < slots.Length; n++)
            {
                if (slots[n] < 0 || (n > 0 && slots[n] <= slots[n - 1]))
                {
                    throw new ArgumentException($"kept slots of layer {i / kvHeads}, head {i % kvHeads} do not ascend", nameof(kept));
                }
            }
        }

        Layers = layers;
        KvHeads = kvHeads;
        _kept = kept;
    }

    /// <summary>Layers, L.</summary>
    public int Layers { get; }

    /// <summary>KV heads a layer, Hkv.</summary>
    public int KvHeads { get; }

    /// <summary>
    /// Whether the kept slots get positions without gaps: keys are turned by RoPE and the conversation goes on from the longest head's length.
    /// </summary>
    public bool ClosesPositions { get; private init; }

    /// <summary>Whether some head keeps what it drops as one merged slot.</summary>
    public bool Merges => _carriers is not null;

    /// <summary>
    /// The kept slot of a head that becomes the mean of itself and all dropped slots, with a bias of the logarithm of their number, or -1.
    /// </summary>
    public int Carrier(int layer, int head) => _carriers is null ? -1 : _carriers[(layer * KvHeads) + head];

    /// <summary>The same plan with positions closed up.</summary>
    public RetentionPlan ClosingPositions() => new(Layers, KvHeads, _kept) { ClosesPositions = true, _carriers = _carriers };

    /// <summary>
    /// The same plan with dropped slots merged into these kept ones, layer-major, -1 for none. Throws ArgumentException where one is not kept.
    /// </summary>
    public RetentionPlan Merging(int[] carriers)
    {
        ArgumentNullException.ThrowIfNull(carriers);
        for (int i = 0; i < _kept.Length; i++)
        {
            if (carriers.Length != _kept.Length || (carriers[i] >= 0 && Array.BinarySearch(_kept[i], carriers[i]) < 0))
            {
                throw new ArgumentException($"the carriers do not fit the kept slots (entry {i})", nameof(carriers));
            }
        }

        return new RetentionPlan(Layers, KvHeads, _kept) { ClosesPositions = ClosesPositions, _carriers = carriers };
    }

    /// <summary>Kept slots of one head, ascending.</summary>
    public ReadOnlySpan<int> Kept(int layer, int head) => _kept[(layer * KvHeads) + head];

    /// <summary>The same as memory, for whoever hands them on; nobody may change them.</summary>
    public ReadOnlyMemory<int> KeptMemory(int layer, int head) => _kept[(layer * KvHeads) + head];

    /// <summary>Kept slots over all layers and heads.</summary>
    public long TotalKept => _kept.Sum(k => (long)k.Length);
}
