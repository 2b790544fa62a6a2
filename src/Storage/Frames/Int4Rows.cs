using System.Numerics.Tensors;
using KVCluster.Inference.Kv;

namespace KVCluster.Storage.Frames;

/// <summary>
/// Rows in groups of 64 numbers (the last of a row may be shorter), each with a bfloat16 scale: scale = max|x| / 7, quant = round half to
/// even(x / scale) within [-7, 7]. A row is its scales, then ceil(headSize / 2) bytes of quant + 8, the earlier one in the low four bits.
/// A group with a NaN or an infinity decodes to NaN.
/// </summary>
internal static class Int4Rows
{
    private const int Group = 64;
    private const int Limit = 7;
    private const int Offset = 8;

    public static int RowBytes(int headSize) => (Groups(headSize) * sizeof(ushort)) + ((headSize + 1) / 2);

    public static int Encode(IReadOnlyList<IReadOnlyList<RowRun>> blocks, KvGeometry geometry, Span<byte> destination)
    {
        Span<float> scratch = new float[geometry.HeadSize];
        int rowBytes = RowBytes(geometry.HeadSize);
        int length = 0;
        foreach (RowRun run in blocks.SelectMany(b => b))
        {
            for (int i = 0; i < run.Count; i++)
            {
                EncodeRow(RowFloats.Read(run, i, geometry, scratch), destination.Slice(length, rowBytes));
                length += rowBytes;
            }
        }

        return length;
    }

    public static bool Decode(IReadOnlyList<IReadOnlyList<RowRun>> blocks, KvGeometry geometry, ReadOnlySpan<byte> source)
    {
        int rowBytes = RowBytes(geometry.HeadSize);
        if (source.Length != blocks.Sum(b => b.Sum(r => (long)r.Count * rowBytes)))
        {
            return false;
        }

        Span<float> scratch = new float[geometry.HeadSize];
        foreach (RowRun run in blocks.SelectMany(b => b))
        {
            for (int i = 0; i < run.Count; i++)
            {
                DecodeRow(source[..rowBytes], scratch);
                RowFloats.Write(run, i, geometry, scratch);
                source = source[rowBytes..];
            }
        }

        return true;
    }

    private static int Groups(int headSize) => (headSize + Group - 1) / Group;

    private static void EncodeRow(ReadOnlySpan<float> row, Span<byte> destination)
    {
        int groups = Groups(row.Length);
        Span<byte> quants = destination[(groups * sizeof(ushort))..];
        quants.Clear();
        for (int g = 0; g < groups; g++)
        {
            int first = g * Group;
            ReadOnlySpan<float> values = row.Slice(first, Math.Min(Group, row.Length - first));
            ushort bits = KvRowCodec.ToBf16(MathF.Abs(TensorPrimitives.MaxMagnitude(values)) / Limit);
            float scale = FromBf16(bits);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt16LittleEndian(
                destination[(g * sizeof(ushort))..], float.IsFinite(scale) ? bits : KvRowCodec.ToBf16(float.NaN));
            float inverse = scale > 0 && float.IsFinite(scale) ? 1 / scale : 0;
            for (int i = 0; i < values.Length; i++)
            {
                float quant = inverse == 0 ? 0 : Math.Clamp(MathF.Round(values[i] * inverse), -Limit, Limit);
                quants[(first + i) >> 1] |= (byte)(((int)quant + Offset) << (4 * ((first + i) & 1)));
            }
        }
    }

    private static void DecodeRow(ReadOnlySpan<byte> source, Span<float> row)
    {
        int groups = Groups(row.Length);
        ReadOnlySpan<byte> quants = source[(groups * sizeof(ushort))..];
        for (int g = 0; g < groups; g++)
        {
            float scale = FromBf16(System.Buffers.Binary.BinaryPrimitives.ReadUInt16LittleEndian(source[(g * sizeof(ushort))..]));
            int end = Math.Min(row.Length, (g + 1) * Group);
            for (int i = g * Group; i < end; i++)
            {
                row[i] = (((quants[i >> 1] >> (4 * (i & 1))) & 0xf) - Offset) * scale;
            }
        }
    }

    private static float FromBf16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);
}
