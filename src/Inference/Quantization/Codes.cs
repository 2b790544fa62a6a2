using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Quantization;

/// <summary>Sixteen codes of quantised weights at a time, as integers.</summary>
internal static class Codes
{
    /// <summary>Bytes [start, start + 16) widened to 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Widen(ReadOnlySpan<byte> bytes, int start)
    {
        Vector128<byte> v = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(bytes[start..(start + 16)]));
        (Vector256<ushort> words, _) = Vector256.Widen(v.ToVector256Unsafe());
        (Vector512<uint> integers, _) = Vector512.Widen(words.ToVector512Unsafe());
        return integers.AsInt32();
    }

    /// <summary>The bits of <paramref name="mask"/> after a shift down.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Bits(Vector512<int> codes, int shift, int mask) => (codes >>> shift) & Vector512.Create(mask);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> weights, Span<float> destination, int start) =>
        weights.CopyTo(destination[start..]);
}
