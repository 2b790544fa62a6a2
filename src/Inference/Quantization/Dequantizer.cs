using System.Runtime.InteropServices;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Quantization;

/// <summary>Exact conversion of stored weights to float32: the reference for every faster kernel.</summary>
public static class Dequantizer
{
    /// <summary>Decodes whole blocks; <paramref name="destination"/> has as many elements as the source encodes.</summary>
    public static void ToSingle(ElementType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (type)
        {
            case ElementType.F32:
                MemoryMarshal.Cast<byte, float>(source)[..destination.Length].CopyTo(destination);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "not a stored element type");
        }
    }
}
