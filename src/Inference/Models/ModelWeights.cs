namespace KVCluster.Inference.Models;

/// <summary>All weights of a decoder. Vectors (norms, biases) are small and float32; matrices stay in their file.</summary>
public sealed class ModelWeights
{
    /// <summary>[V, hidden]; row t is the embedding of token t.</summary>
    public required WeightMatrix Embedding { get; init; }

    /// <summary>[V, hidden]; the same object as <see cref="Embedding"/> where tied.</summary>
    public required WeightMatrix Output { get; init; }

    /// <summary>[hidden]</summary>
    public required float[] FinalNorm { get; init; }

    /// <summary>One entry a layer.</summary>
    public required IReadOnlyList<LayerWeights> Layers { get; init; }
}

/// <summary>Weights of one decoder layer.</summary>
public sealed class LayerWeights
{
    /// <summary>[hidden]</summary>
    public required float[] AttentionNorm { get; init; }

    /// <summary>[Hq * d, hidden]</summary>
    public required WeightMatrix Query { get; init; }

    /// <summary>[Hkv * d, hidden]</summary>
    public required WeightMatrix Key { get; init; }

    /// <summary>[Hkv * d, hidden]</summary>
    public required WeightMatrix Value { get; init; }

    /// <summary>[hidden, Hq * d]</summary>
    public required WeightMatrix AttentionOutput { get; init; }

    /// <summary>[Hq * d] or null.</summary>
    public float[]? QueryBias { get; init; }

    /// <summary>[Hkv * d] or null.</summary>
    public float[]? KeyBias { get; init; }

    /// <summary>[Hkv * d] or null.</summary>
    public float[]? ValueBias { get; init; }

    /// <summary>[d] or null: RMS norm of each query head before RoPE.</summary>
    public float[]? QueryNorm { get; init; }

    /// <summary>[d] or null: RMS norm of each key head before RoPE.</summary>
    public float[]? KeyNorm { get; init; }

    /// <summary>[hidden]</summary>
    public required float[] FeedForwardNorm { get; init; }

    /// <summary>[ffn, hidden]</summary>
    public required WeightMatrix Gate { get; init; }

    /// <summary>[ffn, hidden]</summary>
    public required WeightMatrix Up { get; init; }

    /// <summary>[hidden, ffn]</summary>
    public required WeightMatrix Down { get; init; }
}
