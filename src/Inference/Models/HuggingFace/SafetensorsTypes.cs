namespace KVCluster.Inference.Models.HuggingFace;

/// <summary>The type names of safetensors and their widths.</summary>
internal static class SafetensorsTypes
{
    public static ElementType? ElementTypeOf(string name) => name switch
    {
        "F32" => ElementType.F32,
        "F16" => ElementType.F16,
        "BF16" => ElementType.BF16,
        _ => null,
    };

    /// <summary>Bytes of one element, or null for a type this program has not heard of.</summary>
    public static int? BytesOf(string name) => name switch
    {
        "BOOL" or "U8" or "I8" or "F8_E4M3" or "F8_E5M2" or "F8_E8M0" => 1,
        "F16" or "BF16" or "U16" or "I16" => 2,
        "F32" or "U32" or "I32" => 4,
        "F64" or "U64" or "I64" or "C64" => 8,
        _ => null,
    };
}
