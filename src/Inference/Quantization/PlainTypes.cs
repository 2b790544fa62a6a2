using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace KVCluster.Inference.Quantization;

/// <summary>16-bit floating-point numbers to float32, which holds all of them exactly.</summary>
internal static class PlainTypes
{
    public static void FromHalf(ReadOnlySpan<byte> source, Span<float> destination) =>
        TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);

    public static void FromBFloat16(ReadOnlySpan<byte> source, Span<float> destination)
    {
        ReadOnlySpan<ushort> bits = MemoryMarshal.Cast<byte, ushort>(source);
        Span<uint> wide = MemoryMarshal.Cast<float, uint>(destination);
        int i = 0;
        for (; i <= bits.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(bits[i..]), out Vector<uint> low, out Vector<uint> high);
            (low << 16).CopyTo(wide[i..]);
            (high << 16).CopyTo(wide[(i + Vector<uint>.Count)..]);
        }

        for (; i < bits.Length; i++)
        {
            wide[i] = (uint)bits[i] << 16;
        }
    }

    /// <summary>The half-precision number at the start of a span.</summary>
    public static float Half(ReadOnlySpan<byte> source) => (float)MemoryMarshal.Read<Half>(source);
}
