using KVCluster.Inference.Kv;

namespace KVCluster.Storage.Frames;

/// <summary>
/// 4-bit numbers in groups of at most 32 with a smallest value and a step, both bfloat16: number = least + quant * step, quant 0 to 15.
/// Keys are grouped along the slots, each channel apart, for their channels differ in size by far more than their slots (KIVI,
/// arXiv 2402.02750); values along the row. The first 4 slots are a group of their own: attention sinks, whose keys are like no others, would
/// stretch the steps of all that share theirs. A block of keys is, for each group: [headSize] least, [headSize] steps, then rows of quants; a block of
/// values is, for each row: least and step of each group, then quants. Quants of a row take ceil(headSize / 2) bytes, the earlier one in the low four bits.
/// </summary>
internal static class Int4Blocks
{
    public const int Group = 32;

    /// <summary>Slots of a block's first group.</summary>
    private const int FirstGroup = 4;

    /// <summary>Bytes of least and step.</summary>
    private const int PairBytes = 2 * sizeof(ushort);

    public static long Bytes(int headSize, FrameShape shape)
    {
        long quants = 2 * shape.Rows * QuantBytes(headSize);
        return quants + (shape.KeyGroups * PairBytes * headSize) + (shape.Rows * PairBytes * Groups(headSize));
    }

    /// <summary>Groups of a block of so many slots.</summary>
    public static long KeyGroups(long slots) => slots == 0 ? 0 : 1 + ((Math.Max(0, slots - FirstGroup) + Group - 1) / Group);

    public static int Encode(IReadOnlyList<IReadOnlyList<RowRun>> blocks, KvGeometry geometry, Span<byte> destination)
    {
        int size = geometry.HeadSize;
        float[] memory = new float[Group * size];
        float[] scales = new float[2 * size];
        int length = 0;
        for (int block = 0; block < blocks.Count; block++)
        {
            var cursor = new RowCursor(blocks[block], geometry);
            foreach (int count in GroupsOf(blocks[block]))
            {
                Span<float> rows = memory.AsSpan(0, count * size);
                cursor.Read(rows);
                length += block % 2 == 0
                    ? EncodeKeys(rows, size, scales, destination[length..])
                    : EncodeValues(rows, size, scales, destination[length..]);
            }
        }

        return length;
    }

    public static bool Decode(IReadOnlyList<IReadOnlyList<RowRun>> blocks, KvGeometry geometry, ReadOnlySpan<byte> source)
    {
        int size = geometry.HeadSize;
        float[] memory = new float[Group * size];
        float[] scales = new float[2 * size];
        for (int block = 0; block < blocks.Count; block++)
        {
            var cursor = new RowCursor(blocks[block], geometry);
            foreach (int count in GroupsOf(blocks[block]))
            {
                Span<float> rows = memory.AsSpan(0, count * size);
                int heads = block % 2 == 0 ? PairBytes * size : count * PairBytes * Groups(size);
                int bytes = heads + (count * QuantBytes(size));
                if (source.Length < bytes)
                {
                    return false;
                }

                if (block % 2 == 0)
                {
                    DecodeKeys(source[..bytes], rows, size, scales);
                }
                else
                {
                    DecodeValues(source[..bytes], rows, size, scales);
                }

                cursor.Write(rows);
                source = source[bytes..];
            }
        }

        return source.IsEmpty;
    }

    private static int Groups(int headSize) => (headSize + Group - 1) / Group;

    private static int QuantBytes(int headSize) => (headSize + 1) / 2;

    /// <summary>Slots of each group of a block.</summary>
    private static IEnumerable<int> GroupsOf(IReadOnlyList<RowRun> block)
    {
        int all = block.Sum(r => r.Count);
        for (int done = 0, count; done < all; done += count)
        {
            count = Math.Min(done == 0 ? FirstGroup : Group, all - done);
            yield return count;
        }
    }

    private static int EncodeKeys(ReadOnlySpan<float> rows, int size, Span<float> scales, Span<byte> destination)
    {
        Span<float> least = scales[..size];
        Span<float> step = scales[size..];
        Int4Numbers.Range(rows, size, least, step);
        Int4Numbers.WriteScales(least, destination);
        Int4Numbers.WriteScales(step, destination[(size * sizeof(ushort))..]);
        int length = PairBytes * size;
        for (int row = 0; row < rows.Length; row += size)
        {
            Int4Numbers.Quantise(rows.Slice(row, size), least, step, destination.Slice(length, QuantBytes(size)));
            length += QuantBytes(size);
        }

        return length;
    }

    private static void DecodeKeys(ReadOnlySpan<byte> source, Span<float> rows, int size, Span<float> scales)
    {
        Span<float> least = scales[..size];
        Span<float> step = scales[size..];
        Int4Numbers.ReadScales(source, least);
        Int4Numbers.ReadScales(source[(size * sizeof(ushort))..], step);
        source = source[(PairBytes * size)..];
        for (int row = 0; row < rows.Length; row += size, source = source[QuantBytes(size)..])
        {
            Int4Numbers.Restore(source[..QuantBytes(size)], least, step, rows.Slice(row, size));
        }
    }

    private static int EncodeValues(ReadOnlySpan<float> rows, int size, Span<float> scales, Span<byte> destination)
    {
        int groups = Groups(size);
        Span<float> pairs = stackalloc float[2 * groups];
        Span<float> least = scales[..size];
        Span<float> step = scales[size..];
        int length = 0;
        for (int row = 0; row < rows.Length; row += size)
        {
            for (int g = 0; g < groups; g++)
            {
                int first = g * Group;
                int count = Math.Min(Group, size - first);
                Int4Numbers.Range(rows.Slice(row + first, count), 1, pairs.Slice(2 * g, 1), pairs.Slice((2 * g) + 1, 1));
                least.Slice(first, count).Fill(pairs[2 * g]);
                step.Slice(first, count).Fill(pairs[(2 * g) + 1]);
            }

            Int4Numbers.WriteScales(pairs, destination[length..]);
            length += groups * PairBytes;
            Int4Numbers.Quantise(rows.Slice(row, size), least, step, destination.Slice(length, QuantBytes(size)));
            length += QuantBytes(size);
        }

        return length;
    }

    private static void DecodeValues(ReadOnlySpan<byte> source, Span<float> rows, int size, Span<float> scales)
    {
        int groups = Groups(size);
        Span<float> pairs = stackalloc float[2 * groups];
        Span<float> least = scales[..size];
        Span<float> step = scales[size..];
        for (int row = 0; row < rows.Length; row += size)
        {
            Int4Numbers.ReadScales(source, pairs);
            for (int g = 0; g < groups; g++)
            {
                int count = Math.Min(Group, size - (g * Group));
                least.Slice(g * Group, count).Fill(pairs[2 * g]);
                step.Slice(g * Group, count).Fill(pairs[(2 * g) + 1]);
            }

            source = source[(groups * PairBytes)..];
            Int4Numbers.Restore(source[..QuantBytes(size)], least, step, rows.Slice(row, size));
            source = source[QuantBytes(size)..];
        }
    }
}
