using System.Runtime.InteropServices;
using KVCluster.Inference.Kv;

namespace KVCluster.Storage.Frames;

/// <summary>f32 rows as bfloat16: [rows, headSize] for each block.</summary>
internal static class BFloat16Rows
{
    public static int Encode(IReadOnlyList<IReadOnlyList<RowRun>> blocks, Span<byte> destination)
    {
        int length = 0;
        foreach (RowRun run in blocks.SelectMany(b => b))
        {
            int bytes = run.Rows.Length / 2;
            KvRowCodec.EncodeBf16(
                MemoryMarshal.Cast<byte, float>(run.Rows.Span), MemoryMarshal.Cast<byte, ushort>(destination.Slice(length, bytes)));
            length += bytes;
        }

        return length;
    }

    public static bool Decode(IReadOnlyList<IReadOnlyList<RowRun>> blocks, ReadOnlySpan<byte> source)
    {
        if (source.Length != blocks.Sum(b => b.Sum(r => (long)r.Rows.Length / 2)))
        {
            return false;
        }

        foreach (RowRun run in blocks.SelectMany(b => b))
        {
            int bytes = run.Rows.Length / 2;
            KvRowCodec.DecodeBf16(MemoryMarshal.Cast<byte, ushort>(source[..bytes]), MemoryMarshal.Cast<byte, float>(run.Rows.Span));
            source = source[bytes..];
        }

        return true;
    }
}
