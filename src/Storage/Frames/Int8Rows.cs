using System.Runtime.InteropServices;
using KVCluster.Inference.Kv;

namespace KVCluster.Storage.Frames;

/// <summary>Rows as signed bytes: for each block [rows] float scales, then [rows, headSize] quants; value = quant * scale.</summary>
internal static class Int8Rows
{
    public static int Encode(IReadOnlyList<IReadOnlyList<RowRun>> blocks, KvGeometry geometry, Span<byte> destination)
    {
        Span<float> scratch = new float[geometry.HeadSize];
        int length = 0;
        foreach (IReadOnlyList<RowRun> block in blocks)
        {
            int rows = block.Sum(r => r.Count);
            Span<float> scales = MemoryMarshal.Cast<byte, float>(destination.Slice(length, rows * sizeof(float)));
            Span<sbyte> quants = MemoryMarshal.Cast<byte, sbyte>(destination.Slice(length + (rows * sizeof(float)), rows * geometry.HeadSize));
            int row = 0;
            foreach (RowRun run in block)
            {
                for (int i = 0; i < run.Count; i++, row++)
                {
                    scales[row] = KvRowCodec.EncodeInt8(
                        RowFloats.Read(run, i, geometry, scratch), quants.Slice(row * geometry.HeadSize, geometry.HeadSize));
                }
            }

            length += rows * (sizeof(float) + geometry.HeadSize);
        }

        return length;
    }

    public static bool Decode(IReadOnlyList<IReadOnlyList<RowRun>> blocks, KvGeometry geometry, ReadOnlySpan<byte> source)
    {
        if (source.Length != blocks.Sum(b => b.Sum(r => (long)r.Count * (sizeof(float) + geometry.HeadSize))))
        {
            return false;
        }

        Span<float> scratch = new float[geometry.HeadSize];
        foreach (IReadOnlyList<RowRun> block in blocks)
        {
            int rows = block.Sum(r => r.Count);
            ReadOnlySpan<float> scales = MemoryMarshal.Cast<byte, float>(source[..(rows * sizeof(float))]);
            ReadOnlySpan<sbyte> quants = MemoryMarshal.Cast<byte, sbyte>(source.Slice(rows * sizeof(float), rows * geometry.HeadSize));
            int row = 0;
            foreach (RowRun run in block)
            {
                for (int i = 0; i < run.Count; i++, row++)
                {
                    KvRowCodec.DecodeInt8(quants.Slice(row * geometry.HeadSize, geometry.HeadSize), scales[row], scratch);
                    RowFloats.Write(run, i, geometry, scratch);
                }
            }

            source = source[(rows * (sizeof(float) + geometry.HeadSize))..];
        }

        return true;
    }
}
