using KVCluster.Inference.Models;

namespace KVCluster.Inference.Quantization;

/// <summary>Block sizes of the stored element types (GGUF specification).</summary>
public static class ElementTypes
{
    /// <summary>Weights in one block; a row holds whole blocks.</summary>
    public static int BlockElements(ElementType type) => type switch
    {
        ElementType.F32 or ElementType.F16 or ElementType.BF16 => 1,
        ElementType.Q4_0 or ElementType.Q4_1 or ElementType.Q5_0 or ElementType.Q5_1 or ElementType.Q8_0 => 32,
        _ => 256,
    };

    /// <summary>Bytes of one block.</summary>
    public static int BlockBytes(ElementType type) => type switch
    {
        ElementType.F32 => 4,
        ElementType.F16 or ElementType.BF16 => 2,
        ElementType.Q4_0 => 18,
        ElementType.Q4_1 => 20,
        ElementType.Q5_0 => 22,
        ElementType.Q5_1 => 24,
        ElementType.Q8_0 => 34,
        ElementType.Q2_K => 84,
        ElementType.Q3_K => 110,
        ElementType.Q4_K => 144,
        ElementType.Q5_K => 176,
        ElementType.Q6_K => 210,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a stored element type"),
    };

    /// <summary>Bytes of a row of <paramref name="columns"/> weights.</summary>
    public static int RowBytes(ElementType type, int columns) => checked((int)((long)columns / BlockElements(type) * BlockBytes(type)));
}
