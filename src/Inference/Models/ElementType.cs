namespace KVCluster.Inference.Models;

/// <summary>How the numbers of a stored tensor are encoded. The quantised types are GGUF's blocks (ggml's names).</summary>
public enum ElementType
{
    /// <summary>IEEE single precision.</summary>
    F32,

    /// <summary>IEEE half precision.</summary>
    F16,

    /// <summary>The upper half of a single (bfloat16).</summary>
    BF16,

    /// <summary>32 weights: half d, 4 bits each; d * (q - 8).</summary>
    Q4_0,

    /// <summary>32 weights: half d, half m, 4 bits each; d * q + m.</summary>
    Q4_1,

    /// <summary>32 weights: half d, 5 bits each; d * (q - 16).</summary>
    Q5_0,

    /// <summary>32 weights: half d, half m, 5 bits each; d * q + m.</summary>
    Q5_1,

    /// <summary>32 weights: half d, 8 bits each; d * q.</summary>
    Q8_0,

    /// <summary>256 weights, 2 bits each in 16 sub-blocks.</summary>
    Q2_K,

    /// <summary>256 weights, 3 bits each in 16 sub-blocks.</summary>
    Q3_K,

    /// <summary>256 weights, 4 bits each in 8 sub-blocks.</summary>
    Q4_K,

    /// <summary>256 weights, 5 bits each in 8 sub-blocks.</summary>
    Q5_K,

    /// <summary>256 weights, 6 bits each in 16 sub-blocks.</summary>
    Q6_K,
}
