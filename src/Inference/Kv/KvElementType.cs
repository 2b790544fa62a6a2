namespace KVCluster.Inference.Kv;

/// <summary>How keys and values are stored in the arena. A 4-bit type (with a minimum and a scale per group) would join here.</summary>
public enum KvElementType
{
    /// <summary>IEEE single precision, 4 bytes.</summary>
    F32,

    /// <summary>The upper half of a single, rounded to nearest even, 2 bytes.</summary>
    BF16,

    /// <summary>Signed bytes with one float scale per token and head: value = quant * scale.</summary>
    Int8,
}
