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

    /// <summary>Values of one head, a number a slot.</summary>
    public Span<float> Row(int layer, int head) => _values[(layer * Heads) + head];

    /// <summary>Slots of one head.</summary>
    public int Slots(int layer, int head) => _values[(layer * Heads) + head].Length;
}
