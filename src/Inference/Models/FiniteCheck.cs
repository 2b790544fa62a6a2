using System.Numerics;
using System.Runtime.InteropServices;
using KVCluster.Inference.Quantization;

namespace KVCluster.Inference.Models;

/// <summary>
/// Looks for NaN and infinity in what <see cref="ContentSample"/> takes of a matrix: in every number of the plain types, in the scales and
/// minima of every block of the quantised ones (their codes are always numbers).
/// </summary>
internal static class FiniteCheck
{
    private const ushort HalfExponent = 0x7C00;
    private const ushort BFloatExponent = 0x7F80;
    private const uint SingleExponent = 0x7F800000;

    /// <exception cref="ModelFormatException">A number is not finite.</exception>
    public static void Require(StoredTensor tensor)
    {
        ElementType type = tensor.Type!.Value;
        foreach (var (start, length) in ContentSample.Ranges(tensor.ByteCount, ElementTypes.BlockBytes(type)))
        {
            if (!IsFinite(type, tensor.Span(start, length)))
            {
                throw new ModelFormatException(tensor.Path, $"matrix '{tensor.Name}' holds NaN or infinity");
            }
        }
    }

    /// <summary>Whole blocks without NaN and infinity.</summary>
    public static bool IsFinite(ElementType type, ReadOnlySpan<byte> blocks) => type switch
    {
        ElementType.F32 => !AnyWith(MemoryMarshal.Cast<byte, uint>(blocks), SingleExponent),
        ElementType.F16 => !AnyWith(MemoryMarshal.Cast<byte, ushort>(blocks), HalfExponent),
        ElementType.BF16 => !AnyWith(MemoryMarshal.Cast<byte, ushort>(blocks), BFloatExponent),
        ElementType.Q4_0 or ElementType.Q5_0 or ElementType.Q8_0 => ScalesAreFinite(type, blocks, 0, 0),
        ElementType.Q2_K => ScalesAreFinite(type, blocks, 80, 82),
        ElementType.Q3_K => ScalesAreFinite(type, blocks, 108, 108),
        ElementType.Q6_K => ScalesAreFinite(type, blocks, 208, 208),
        _ => ScalesAreFinite(type, blocks, 0, 2),
    };

    private static bool AnyWith<T>(ReadOnlySpan<T> bits, T exponent)
        where T : unmanaged, IBinaryInteger<T>
    {
        Vector<T> mask = new(exponent);
        int i = 0;
        for (; i <= bits.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            if (Vector.EqualsAny(new Vector<T>(bits[i..]) & mask, mask))
            {
                return true;
            }
        }

        for (; i < bits.Length; i++)
        {
            if ((bits[i] & exponent) == exponent)
            {
                return true;
            }
        }

        return false;
    }

    private static bool ScalesAreFinite(ElementType type, ReadOnlySpan<byte> blocks, int first, int second)
    {
        int step = ElementTypes.BlockBytes(type);
        for (int start = 0; start < blocks.Length; start += step)
        {
            ReadOnlySpan<byte> block = blocks.Slice(start, step);
            if ((MemoryMarshal.Read<ushort>(block[first..]) & HalfExponent) == HalfExponent
                || (MemoryMarshal.Read<ushort>(block[second..]) & HalfExponent) == HalfExponent)
            {
                return false;
            }
        }

        return true;
    }
}
