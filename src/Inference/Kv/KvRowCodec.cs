using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace KVCluster.Inference.Kv;

/// <summary>
/// One row of keys or values between floats and the arena's element types. bfloat16 rounds to nearest, ties to even. int8 is symmetric per
/// row: scale = max|x| / 127, quant = round-half-even(x / scale); a row of zeros has scale 0. A row with a NaN or an infinity decodes to
/// NaN, so that a broken activation shows.
/// </summary>
public static class KvRowCodec
{
    private const float Int8Limit = 127f;
    private const uint QuietBit = 0x0040;

    /// <summary>Rounds floats to bfloat16 bit patterns.</summary>
    public static void EncodeBf16(ReadOnlySpan<float> row, Span<ushort> destination)
    {
        CheckLength(row.Length, destination.Length);
        ref uint source = ref Unsafe.As<float, uint>(ref MemoryMarshal.GetReference(row));
        ref ushort target = ref MemoryMarshal.GetReference(destination);
        int i = 0;
        for (; i <= row.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            Vector256<uint> low = RoundToBf16(Vector256.LoadUnsafe(ref source, (nuint)i));
            Vector256<uint> high = RoundToBf16(Vector256.LoadUnsafe(ref source, (nuint)(i + Vector256<uint>.Count)));
            Vector256.Narrow(low, high).StoreUnsafe(ref target, (nuint)i);
        }

        for (; i < row.Length; i++)
        {
            destination[i] = ToBf16(row[i]);
        }
    }

    /// <summary>Widens bfloat16 bit patterns to floats, exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void DecodeBf16(ReadOnlySpan<ushort> row, Span<float> destination)
    {
        CheckLength(row.Length, destination.Length);
        ref ushort source = ref MemoryMarshal.GetReference(row);
        ref float target = ref MemoryMarshal.GetReference(destination);
        int i = 0;
        for (; i <= row.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.LoadUnsafe(ref source, (nuint)i));
            (low << 16).AsSingle().StoreUnsafe(ref target, (nuint)i);
            (high << 16).AsSingle().StoreUnsafe(ref target, (nuint)(i + Vector256<float>.Count));
        }

        for (; i < row.Length; i++)
        {
            destination[i] = BitConverter.UInt32BitsToSingle((uint)row[i] << 16);
        }
    }

    /// <summary>Quantises a row to int8 and returns its scale.</summary>
    public static float EncodeInt8(ReadOnlySpan<float> row, Span<sbyte> destination)
    {
        CheckLength(row.Length, destination.Length);
        float scale = MathF.Abs(TensorPrimitives.MaxMagnitude(row)) / Int8Limit;
        if (scale == 0 || !float.IsFinite(scale))
        {
            destination[..row.Length].Clear();
            return scale == 0 ? 0 : float.NaN;
        }

        ref float source = ref MemoryMarshal.GetReference(row);
        ref sbyte target = ref MemoryMarshal.GetReference(destination);
        Vector256<float> divisor = Vector256.Create(scale);
        int i = 0;
        for (; i <= row.Length - Vector128<sbyte>.Count; i += Vector128<sbyte>.Count)
        {
            Vector256<int> low = Quantise(Vector256.LoadUnsafe(ref source, (nuint)i), divisor);
            Vector256<int> high = Quantise(Vector256.LoadUnsafe(ref source, (nuint)(i + Vector256<float>.Count)), divisor);
            Vector256<short> both = Vector256.Narrow(low, high);
            Vector128.Narrow(both.GetLower(), both.GetUpper()).StoreUnsafe(ref target, (nuint)i);
        }

        for (; i < row.Length; i++)
        {
            destination[i] = (sbyte)Math.Clamp(MathF.Round(row[i] / scale), -Int8Limit, Int8Limit);
        }

        return scale;
    }

    /// <summary>Multiplies quants by their scale.</summary>
    public static void DecodeInt8(ReadOnlySpan<sbyte> row, float scale, Span<float> destination)
    {
        CheckLength(row.Length, destination.Length);
        ref sbyte source = ref MemoryMarshal.GetReference(row);
        ref float target = ref MemoryMarshal.GetReference(destination);
        int i = 0;
        for (; i <= row.Length - Vector128<sbyte>.Count; i += Vector128<sbyte>.Count)
        {
            (Vector128<short> low, Vector128<short> high) = Vector128.Widen(Vector128.LoadUnsafe(ref source, (nuint)i));
            Scale(low, scale).StoreUnsafe(ref target, (nuint)i);
            Scale(high, scale).StoreUnsafe(ref target, (nuint)(i + Vector256<float>.Count));
        }

        for (; i < row.Length; i++)
        {
            destination[i] = row[i] * scale;
        }
    }

    /// <summary>Rounds one float to its bfloat16 bit pattern.</summary>
    public static ushort ToBf16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)((bits >> 16) | QuietBit) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static Vector256<uint> RoundToBf16(Vector256<uint> bits)
    {
        Vector256<uint> upper = bits >> 16;
        Vector256<uint> rounded = (bits + Vector256.Create(0x7FFFu) + (upper & Vector256<uint>.One)) >> 16;
        Vector256<uint> ordered = Vector256.Equals(bits.AsSingle(), bits.AsSingle()).AsUInt32();
        return Vector256.ConditionalSelect(ordered, rounded, upper | Vector256.Create(QuietBit));
    }

    // A true division: multiplying by the reciprocal would move values that lie near a rounding border.
    private static Vector256<int> Quantise(Vector256<float> values, Vector256<float> scale)
    {
        Vector256<float> quants = Vector256.Round(values / scale);
        quants = Vector256.Min(Vector256.Max(quants, Vector256.Create(-Int8Limit)), Vector256.Create(Int8Limit));
        return Vector256.ConvertToInt32(quants);
    }

    private static Vector256<float> Scale(Vector128<short> quants, float scale)
    {
        (Vector128<int> low, Vector128<int> high) = Vector128.Widen(quants);
        return Vector256.ConvertToSingle(Vector256.Create(low, high)) * scale;
    }

    private static void CheckLength(int source, int destination)
    {
        if (destination < source)
        {
            throw new ArgumentException($"{destination} elements cannot hold a row of {source}", nameof(destination));
        }
    }
}
