using System.Runtime.InteropServices;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Quantization;

/// <summary>
/// Exact conversion of stored weights to float32: the reference for every faster kernel. Products and sums are rounded one by one in
/// float32 (no fused multiply-add), as the GGUF project's own dequantiser does.
/// </summary>
public static class Dequantizer
{
    /// <summary>Decodes whole blocks; <paramref name="destination"/> has as many elements as the source encodes.</summary>
    /// <exception cref="ArgumentException">The lengths do not fit each other.</exception>
    public static void ToSingle(ElementType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        int block = ElementTypes.BlockElements(type);
        if (destination.Length % block != 0 || (long)destination.Length / block * ElementTypes.BlockBytes(type) != source.Length)
        {
            throw new ArgumentException($"{source.Length} bytes of {type} are not {destination.Length} weights");
        }

        switch (type)
        {
            case ElementType.F32:
                source.CopyTo(MemoryMarshal.AsBytes(destination));
                break;
            case ElementType.F16:
                PlainTypes.FromHalf(source, destination);
                break;
            case ElementType.BF16:
                PlainTypes.FromBFloat16(source, destination);
                break;
            case ElementType.Q4_0 or ElementType.Q4_1:
                FourBitBlocks.ToSingle(type, source, destination);
                break;
            case ElementType.Q5_0 or ElementType.Q5_1:
                FiveBitBlocks.ToSingle(type, source, destination);
                break;
            case ElementType.Q8_0:
                EightBitBlocks.ToSingle(source, destination);
                break;
            default:
                SuperBlocks(type, source, destination);
                break;
        }
    }

    private static void SuperBlocks(ElementType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        int bytes = ElementTypes.BlockBytes(type);
        for (int i = 0; i < destination.Length / 256; i++)
        {
            ReadOnlySpan<byte> block = source.Slice(i * bytes, bytes);
            Span<float> weights = destination.Slice(i * 256, 256);
            switch (type)
            {
                case ElementType.Q2_K:
                    LowBitSuperBlocks.Q2(block, weights);
                    break;
                case ElementType.Q3_K:
                    LowBitSuperBlocks.Q3(block, weights);
                    break;
                case ElementType.Q4_K:
                    MinimumSuperBlocks.Q4(block, weights);
                    break;
                case ElementType.Q5_K:
                    MinimumSuperBlocks.Q5(block, weights);
                    break;
                default:
                    SixBitSuperBlocks.Q6(block, weights);
                    break;
            }
        }
    }
}
