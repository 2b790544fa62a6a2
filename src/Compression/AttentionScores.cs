namespace KVCluster.Compression;

/// <summary>
/// One number for each (layer, head, slot): attention received, norms, or a policy's scores; higher is more worth keeping. Heads may have
/// different lengths (ragged caches). Whether "head" means query or KV head is the holder's business.
/// </summary>
public sealed class AttentionScores
{
    private readonly float[][] _values;

    /// <summary>Takes the values, layer-major: entry layer * heads + head.</summary>
    public AttentionScores(int layers, int heads, float[][] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Length != layers * heads)
        {
            throw new ArgumentException($"{values.Length} rows for {layers} layers of {heads} heads", nameof(values));
        }

        Layers = layers;
        Heads = heads;
        _values = values;
    }

    /// <summary>Zeros, every head of the given length.</summary>
    public AttentionScores(int layers, int heads, int slots)
        : this(layers, heads, Enumerable.Range(0, layers * heads).Select(_ => new float[slots]).ToArray())
    {
    }

    /// <summary>Layers, L.</summary>
    public int Layers { get; }

    /// <summary>Heads a layer (query or KV heads).</summary>
    public int Heads { get; }

    /// <summary>Bytes of the numbers.</summary>
    public long Bytes => sizeof(float) * _values.Sum(row => (long)row.Length);

    /// <summary>Values of one head, a number a slot.</summary>
    public Span<float> Row(int layer, int head) => _values[(layer * Heads) + head];

    /// <summary>The same numbers, of its own.</summary>
    public AttentionScores Copy() => new(Layers, Heads, Array.ConvertAll(_values, row => (float[])row.Clone()));

    /// <summary>The same, to hold on to.</summary>
    internal ReadOnlyMemory<float> RowMemory(int layer, int head) => _values[(layer * Heads) + head];

    /// <summary>Slots of one head.</summary>
    public int Slots(int layer, int head) => _values[(layer * Heads) + head].Length;

    /// <summary>
    /// Throws ArgumentException unless there is a row for each KV head of the cache, or for each query head (a whole number of them to each
    /// KV head), with one number a slot.
    /// </summary>
    internal void CheckFits(CacheShape shape, string name)
    {
        if (Layers != shape.Layers || Heads < shape.KvHeads || Heads % shape.KvHeads != 0)
        {
            throw new ArgumentException($"scores of {Layers} layers x {Heads} heads for a cache of {shape.Layers} x {shape.KvHeads}", name);
        }

        int group = Heads / shape.KvHeads;
        for (int layer = 0; layer < Layers; layer++)
        {
            for (int head = 0; head < Heads; head++)
            {
                if (Slots(layer, head) != shape.Slots(layer, head / group))
                {
                    throw new ArgumentException(
                        $"layer {layer}, head {head}: {Slots(layer, head)} scores for {shape.Slots(layer, head / group)} slots", name);
                }
            }
        }
    }
}
