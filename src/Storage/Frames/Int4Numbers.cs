using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using KVCluster.Inference.Kv;

namespace KVCluster.Storage.Frames;

/// <summary>Numbers to 4-bit quants and back, each with its least and step. Compiled at its best from the first call on.</summary>
internal static class Int4Numbers
{
    private const int Steps = 15;

    /// <summary>
    /// Least and step of each of <paramref name="columns"/> columns of rows, as bfloat16 can hold them: the least is rounded down, the step
    /// up, so that every number lies between. Columns with a NaN or an infinity get a NaN.
    /// </summary>
    public static void Range(ReadOnlySpan<float> rows, int columns, Span<float> least, Span<float> step)
    {
        Span<float> most = stackalloc float[columns <= 512 ? columns : 0];
        most = most.IsEmpty ? new float[columns] : most;
        rows[..columns].CopyTo(least);
        rows[..columns].CopyTo(most);
        if (columns == 1)
        {
            // TensorPrimitives hand a NaN on, as they do column by column.
            least[0] = TensorPrimitives.Min(rows);
            most[0] = TensorPrimitives.Max(rows);
        }
        else
        {
            for (int row = columns; row < rows.Length; row += columns)
            {
                TensorPrimitives.Min(least, rows.Slice(row, columns), least);
                TensorPrimitives.Max(most, rows.Slice(row, columns), most);
            }
        }

        for (int c = 0; c < columns; c++)
        {
            least[c] = Round(least[c], up: false);
            step[c] = Round((most[c] - least[c]) / Steps, up: true);
            if (!float.IsFinite(least[c]) || !float.IsFinite(step[c]))
            {
                step[c] = float.NaN;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Quantise(ReadOnlySpan<float> row, ReadOnlySpan<float> least, ReadOnlySpan<float> step, Span<byte> quants)
    {
        Span<float> scaled = stackalloc float[row.Length <= 512 ? row.Length : 0];
        scaled = scaled.IsEmpty ? new float[row.Length] : scaled;
        TensorPrimitives.Subtract(row, least, scaled);
        TensorPrimitives.Divide(scaled, step, scaled);
        TensorPrimitives.Round(scaled, scaled);
        for (int i = 0; i < quants.Length; i++)
        {
            int high = (2 * i) + 1 < row.Length ? Quant(scaled[(2 * i) + 1]) : 0;
            quants[i] = (byte)(Quant(scaled[2 * i]) | (high << 4));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Restore(ReadOnlySpan<byte> quants, ReadOnlySpan<float> least, ReadOnlySpan<float> step, Span<float> row)
    {
        for (int i = 0; i < row.Length - 1; i += 2)
        {
            row[i] = quants[i >> 1] & 0xf;
            row[i + 1] = quants[i >> 1] >> 4;
        }

        if (row.Length % 2 == 1)
        {
            row[^1] = quants[^1] & 0xf;
        }

        TensorPrimitives.MultiplyAdd(row, step, least, row);
    }

    public static void WriteScales(ReadOnlySpan<float> scales, Span<byte> destination) =>
        KvRowCodec.EncodeBf16(scales, MemoryMarshal.Cast<byte, ushort>(destination[..(scales.Length * sizeof(ushort))]));

    public static void ReadScales(ReadOnlySpan<byte> source, Span<float> scales) =>
        KvRowCodec.DecodeBf16(MemoryMarshal.Cast<byte, ushort>(source[..(scales.Length * sizeof(ushort))]), scales);

    /// <summary>Division by a step of zero (all numbers equal) and NaN come out as 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Quant(float scaled) => scaled >= 0 ? (int)Math.Min(scaled, Steps) : 0;

    /// <summary>The next bfloat16 not above, or not below, a number.</summary>
    private static float Round(float value, bool up)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (!float.IsFinite(value) || (bits & 0xffff) == 0)
        {
            return value;
        }

        uint cut = bits & 0xffff0000;
        bool towardsZero = up == (value < 0);
        return BitConverter.UInt32BitsToSingle(towardsZero ? cut : cut + 0x10000);
    }
}
