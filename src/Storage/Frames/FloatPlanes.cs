using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Storage.Frames;

/// <summary>
/// Numbers rotated left by one bit and split into byte planes, exponent first, and joined again. Compiled at its best from the first call
/// on.
/// </summary>
internal static class FloatPlanes
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Split(ReadOnlySpan<ushort> numbers, Span<byte> exponents, Span<byte> low)
    {
        ref ushort source = ref MemoryMarshal.GetReference(numbers);
        ref byte high = ref MemoryMarshal.GetReference(exponents[..numbers.Length]);
        ref byte rest = ref MemoryMarshal.GetReference(low[..numbers.Length]);
        int i = 0;
        for (; i <= numbers.Length - Vector256<byte>.Count; i += Vector256<byte>.Count)
        {
            Vector256<ushort> a = Rotate(Vector256.LoadUnsafe(ref source, (nuint)i));
            Vector256<ushort> b = Rotate(Vector256.LoadUnsafe(ref source, (nuint)(i + Vector256<ushort>.Count)));
            Vector256.Narrow(a >>> 8, b >>> 8).StoreUnsafe(ref high, (nuint)i);
            Vector256<ushort> mask = Vector256.Create((ushort)0xff);
            Vector256.Narrow(a & mask, b & mask).StoreUnsafe(ref rest, (nuint)i);
        }

        for (; i < numbers.Length; i++)
        {
            ushort rotated = (ushort)((numbers[i] << 1) | (numbers[i] >> 15));
            exponents[i] = (byte)(rotated >> 8);
            low[i] = (byte)rotated;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Join(Span<ushort> numbers, ReadOnlySpan<byte> exponents, ReadOnlySpan<byte> low)
    {
        ref ushort target = ref MemoryMarshal.GetReference(numbers);
        ref byte high = ref MemoryMarshal.GetReference(exponents[..numbers.Length]);
        ref byte rest = ref MemoryMarshal.GetReference(low[..numbers.Length]);
        int i = 0;
        for (; i <= numbers.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            Vector256<ushort> rotated =
                (Vector256.WidenLower(Vector128.LoadUnsafe(ref high, (nuint)i).ToVector256Unsafe()) << 8)
                | Vector256.WidenLower(Vector128.LoadUnsafe(ref rest, (nuint)i).ToVector256Unsafe());
            ((rotated >>> 1) | (rotated << 15)).StoreUnsafe(ref target, (nuint)i);
        }

        for (; i < numbers.Length; i++)
        {
            int rotated = (exponents[i] << 8) | low[i];
            numbers[i] = (ushort)((rotated >> 1) | (rotated << 15));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Split(ReadOnlySpan<uint> numbers, Span<byte> exponents, Span<ushort> low, Span<byte> middle)
    {
        ref uint source = ref MemoryMarshal.GetReference(numbers);
        ref byte high = ref MemoryMarshal.GetReference(exponents[..numbers.Length]);
        ref ushort rest = ref MemoryMarshal.GetReference(low[..numbers.Length]);
        ref byte mid = ref MemoryMarshal.GetReference(middle[..numbers.Length]);
        int i = 0;
        for (; i <= numbers.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            Vector256<uint> a = Rotate(Vector256.LoadUnsafe(ref source, (nuint)i));
            Vector256<uint> b = Rotate(Vector256.LoadUnsafe(ref source, (nuint)(i + Vector256<uint>.Count)));
            Vector256<uint> lower = Vector256.Create(0xffffu);
            Vector256.Narrow(a & lower, b & lower).StoreUnsafe(ref rest, (nuint)i);
            Vector256<ushort> upper = Vector256.Narrow(a >>> 16, b >>> 16);
            Vector128.Narrow((upper >>> 8).GetLower(), (upper >>> 8).GetUpper()).StoreUnsafe(ref high, (nuint)i);
            upper &= Vector256.Create((ushort)0xff);
            Vector128.Narrow(upper.GetLower(), upper.GetUpper()).StoreUnsafe(ref mid, (nuint)i);
        }

        for (; i < numbers.Length; i++)
        {
            uint rotated = BitOperations.RotateLeft(numbers[i], 1);
            exponents[i] = (byte)(rotated >> 24);
            middle[i] = (byte)(rotated >> 16);
            low[i] = (ushort)rotated;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Join(Span<uint> numbers, ReadOnlySpan<byte> exponents, ReadOnlySpan<ushort> low, ReadOnlySpan<byte> middle)
    {
        ref uint target = ref MemoryMarshal.GetReference(numbers);
        ref byte high = ref MemoryMarshal.GetReference(exponents[..numbers.Length]);
        ref ushort rest = ref MemoryMarshal.GetReference(low[..numbers.Length]);
        ref byte mid = ref MemoryMarshal.GetReference(middle[..numbers.Length]);
        int i = 0;
        for (; i <= numbers.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            Vector256<ushort> upper =
                (Vector256.WidenLower(Vector128.LoadUnsafe(ref high, (nuint)i).ToVector256Unsafe()) << 8)
                | Vector256.WidenLower(Vector128.LoadUnsafe(ref mid, (nuint)i).ToVector256Unsafe());
            (Vector256<uint> upperA, Vector256<uint> upperB) = Vector256.Widen(upper);
            (Vector256<uint> lowA, Vector256<uint> lowB) = Vector256.Widen(Vector256.LoadUnsafe(ref rest, (nuint)i));
            RotateBack((upperA << 16) | lowA).StoreUnsafe(ref target, (nuint)i);
            RotateBack((upperB << 16) | lowB).StoreUnsafe(ref target, (nuint)(i + Vector256<uint>.Count));
        }

        for (; i < numbers.Length; i++)
        {
            numbers[i] = BitOperations.RotateRight(((uint)exponents[i] << 24) | ((uint)middle[i] << 16) | low[i], 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ushort> Rotate(Vector256<ushort> numbers) => (numbers << 1) | (numbers >>> 15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Rotate(Vector256<uint> numbers) => (numbers << 1) | (numbers >>> 31);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> RotateBack(Vector256<uint> numbers) => (numbers >>> 1) | (numbers << 31);
}
