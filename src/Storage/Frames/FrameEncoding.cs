using KVCluster.Inference.Kv;

namespace KVCluster.Storage.Frames;

/// <summary>A frame's content as bytes and back, by codec. <see cref="SnapshotCodec.Raw"/> needs neither: its parts are the bytes.</summary>
internal static class FrameEncoding
{
    /// <summary>Longest encoding of a frame of this shape.</summary>
    public static long MaxBytes(SnapshotCodec codec, KvGeometry geometry, FrameShape shape)
    {
        long rows = 2 * shape.Rows;
        long biases = shape.Biases * sizeof(float);
        return biases + codec switch
        {
            SnapshotCodec.Raw => rows * (geometry.RowBytes + geometry.ScaleBytes),
            SnapshotCodec.Packed => ExponentPacking.MaxBytes(rows * geometry.HeadSize, geometry.ElementType),
            SnapshotCodec.BFloat16 => rows * geometry.HeadSize * sizeof(ushort),
            SnapshotCodec.PackedBFloat16 => ExponentPacking.MaxBytes(rows * geometry.HeadSize, KvElementType.BF16),
            SnapshotCodec.Int8 => rows * (sizeof(float) + geometry.HeadSize),
            SnapshotCodec.Int4 => Int4Blocks.Bytes(geometry.HeadSize, shape),
            _ => throw new ArgumentOutOfRangeException(nameof(codec), codec, "no such codec"),
        };
    }

    /// <summary>Whether a frame of this shape may be so long.</summary>
    public static bool Allows(SnapshotCodec codec, KvGeometry geometry, FrameShape shape, long bytes)
    {
        long most = MaxBytes(codec, geometry, shape);
        bool packed = codec is SnapshotCodec.Packed or SnapshotCodec.PackedBFloat16;
        bool possible = SnapshotCodecs.For(codec, geometry.ElementType) == codec;
        return possible && most <= Array.MaxLength - 64 && (packed ? bytes > 0 && bytes <= most : bytes == most);
    }

    /// <summary>Encodes into the buffer from <paramref name="offset"/> on and returns the length; the buffer holds <see cref="MaxBytes"/>.</summary>
    public static int Encode(SnapshotCodec codec, KvGeometry geometry, FrameContent content, byte[] buffer, int offset)
    {
        int length = codec switch
        {
            SnapshotCodec.Raw => CopyOut(content.Blocks, buffer.AsSpan(offset)),
            SnapshotCodec.Packed => ExponentPacking.Encode(content.Blocks, geometry.ElementType, narrow: false, buffer, offset),
            SnapshotCodec.PackedBFloat16 => ExponentPacking.Encode(content.Blocks, geometry.ElementType, narrow: true, buffer, offset),
            SnapshotCodec.BFloat16 => BFloat16Rows.Encode(content.Blocks, buffer.AsSpan(offset)),
            SnapshotCodec.Int8 => Int8Rows.Encode(content.Blocks, geometry, buffer.AsSpan(offset)),
            _ => Int4Blocks.Encode(content.Blocks, geometry, buffer.AsSpan(offset)),
        };
        foreach (Memory<byte> biases in content.Biases)
        {
            biases.Span.CopyTo(buffer.AsSpan(offset + length));
            length += biases.Length;
        }

        return length;
    }

    /// <summary>Decodes into the content's memory; false where the bytes are no such encoding.</summary>
    public static bool Decode(SnapshotCodec codec, KvGeometry geometry, FrameContent content, byte[] buffer, int offset, int length)
    {
        int biasBytes = content.Biases.Sum(b => b.Length);
        int rowBytes = length - biasBytes;
        if (rowBytes < 0)
        {
            return false;
        }

        Span<byte> rows = buffer.AsSpan(offset, rowBytes);
        bool decoded = codec switch
        {
            SnapshotCodec.Raw => CopyIn(content.Blocks, rows),
            SnapshotCodec.Packed => ExponentPacking.Decode(content.Blocks, geometry.ElementType, narrow: false, buffer, offset, rowBytes),
            SnapshotCodec.PackedBFloat16 =>
                ExponentPacking.Decode(content.Blocks, geometry.ElementType, narrow: true, buffer, offset, rowBytes),
            SnapshotCodec.BFloat16 => BFloat16Rows.Decode(content.Blocks, rows),
            SnapshotCodec.Int8 => Int8Rows.Decode(content.Blocks, geometry, rows),
            _ => Int4Blocks.Decode(content.Blocks, geometry, rows),
        };
        int next = offset + rowBytes;
        foreach (Memory<byte> biases in content.Biases)
        {
            buffer.AsSpan(next, biases.Length).CopyTo(biases.Span);
            next += biases.Length;
        }

        return decoded;
    }

    private static int CopyOut(IReadOnlyList<IReadOnlyList<RowRun>> blocks, Span<byte> destination)
    {
        int length = 0;
        foreach (IReadOnlyList<RowRun> block in blocks)
        {
            foreach (RowRun run in block)
            {
                run.Rows.Span.CopyTo(destination[length..]);
                length += run.Rows.Length;
            }

            foreach (RowRun run in block)
            {
                run.Scales.Span.CopyTo(destination[length..]);
                length += run.Scales.Length;
            }
        }

        return length;
    }

    private static bool CopyIn(IReadOnlyList<IReadOnlyList<RowRun>> blocks, ReadOnlySpan<byte> source)
    {
        if (source.Length != blocks.Sum(b => b.Sum(r => (long)r.Rows.Length + r.Scales.Length)))
        {
            return false;
        }

        foreach (IReadOnlyList<RowRun> block in blocks)
        {
            foreach (RowRun run in block)
            {
                source[..run.Rows.Length].CopyTo(run.Rows.Span);
                source = source[run.Rows.Length..];
            }

            foreach (RowRun run in block)
            {
                source[..run.Scales.Length].CopyTo(run.Scales.Span);
                source = source[run.Scales.Length..];
            }
        }

        return true;
    }
}
