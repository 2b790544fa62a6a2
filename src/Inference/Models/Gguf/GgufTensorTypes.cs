namespace KVCluster.Inference.Models.Gguf;

/// <summary>The numbers GGUF has for tensor types (enum ggml_type).</summary>
internal static class GgufTensorTypes
{
    public static ElementType? FromId(uint id) => id switch
    {
        0 => ElementType.F32,
        1 => ElementType.F16,
        2 => ElementType.Q4_0,
        3 => ElementType.Q4_1,
        6 => ElementType.Q5_0,
        7 => ElementType.Q5_1,
        8 => ElementType.Q8_0,
        10 => ElementType.Q2_K,
        11 => ElementType.Q3_K,
        12 => ElementType.Q4_K,
        13 => ElementType.Q5_K,
        14 => ElementType.Q6_K,
        30 => ElementType.BF16,
        _ => null,
    };

    /// <summary>The name of a type this program cannot read, for the error.</summary>
    public static string NameOf(uint id) => id switch
    {
        9 => "Q8_1",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        24 => "I8",
        25 => "I16",
        26 => "I32",
        27 => "I64",
        28 => "F64",
        29 => "IQ1_M",
        34 => "TQ1_0",
        35 => "TQ2_0",
        39 => "MXFP4",
        _ => "unknown",
    };
}
