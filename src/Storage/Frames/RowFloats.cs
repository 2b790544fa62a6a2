using System.Runtime.InteropServices;
using KVCluster.Inference.Kv;

namespace KVCluster.Storage.Frames;

/// <summary>Single rows of a run as floats, whatever the arena's element type.</summary>
internal static class RowFloats
{
    /// <summary>Row <paramref name="index"/> of the run, in place or decoded into <paramref name="scratch"/>.</summary>
    public static ReadOnlySpan<float> Read(RowRun run, int index, KvGeometry geometry, Span<float> scratch)
    {
        Span<byte> row = run.Rows.Span.Slice(index * geometry.RowBytes, geometry.RowBytes);
        switch (geometry.ElementType)
        {
            case KvElementType.F32:
                return MemoryMarshal.Cast<byte, float>(row);
            case KvElementType.BF16:
                KvRowCodec.DecodeBf16(MemoryMarshal.Cast<byte, ushort>(row), scratch);
                return scratch;
            default:
                KvRowCodec.DecodeInt8(MemoryMarshal.Cast<byte, sbyte>(row), MemoryMarshal.Cast<byte, float>(run.Scales.Span)[index], scratch);
                return scratch;
        }
    }

    /// <summary>Encodes floats as row <paramref name="index"/> of the run.</summary>
    public static void Write(RowRun run, int index, KvGeometry geometry, ReadOnlySpan<float> values)
    {
        Span<byte> row = run.Rows.Span.Slice(index * geometry.RowBytes, geometry.RowBytes);
        switch (geometry.ElementType)
        {
            case KvElementType.F32:
                values.CopyTo(MemoryMarshal.Cast<byte, float>(row));
                break;
            case KvElementType.BF16:
                KvRowCodec.EncodeBf16(values, MemoryMarshal.Cast<byte, ushort>(row));
                break;
            default:
                MemoryMarshal.Cast<byte, float>(run.Scales.Span)[index] = KvRowCodec.EncodeInt8(values, MemoryMarshal.Cast<byte, sbyte>(row));
                break;
        }
    }
}
