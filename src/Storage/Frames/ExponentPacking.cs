using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using KVCluster.Inference.Kv;

namespace KVCluster.Storage.Frames;

/// <summary>
/// Lossless packing of floats. A number is rotated left by one bit, so that its upper byte is the exponent; the exponents of a frame go
/// together into a Deflate stream of Huffman codes alone (about 2.8 of 8 bits are left: keys and values use few exponents), the remaining
/// bits, which are noise, as they are. Layout: length of the stream as a little-endian 32-bit number (0xffffffff: the exponents follow as
/// they are, since a stream would be longer), exponents, then for bf16 [n] lower bytes, for f32 [n] lower 16 bits and [n] middle bytes.
/// </summary>
internal static class ExponentPacking
{
    private const uint Plain = uint.MaxValue;
    private const int HeaderBytes = sizeof(uint);

    /// <summary>Longest packing of this many numbers.</summary>
    public static long MaxBytes(long numbers, KvElementType type) => HeaderBytes + (numbers * (type == KvElementType.F32 ? 4 : 2));

    /// <summary>Packs rows of f32 or bf16; <paramref name="narrow"/>: f32 as bf16.</summary>
    public static int Encode(IReadOnlyList<IReadOnlyList<RowRun>> blocks, KvElementType type, bool narrow, byte[] buffer, int offset)
    {
        int width = type == KvElementType.F32 ? 4 : 2;
        int numbers = blocks.Sum(b => b.Sum(r => r.Rows.Length)) / width;
        int restWidth = narrow || width == 2 ? 1 : 3;
        byte[] planes = ArrayPool<byte>.Shared.Rent(numbers * (1 + restWidth));
        try
        {
            Span<byte> exponents = planes.AsSpan(0, numbers);
            Span<byte> rest = planes.AsSpan(numbers, numbers * restWidth);
            int done = 0;
            foreach (RowRun run in blocks.SelectMany(b => b))
            {
                done += Split(run.Rows.Span, width, narrow, exponents, rest, done, numbers);
            }

            int packed = Deflate(planes, numbers, buffer, offset + HeaderBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(buffer.AsSpan(offset), packed < 0 ? Plain : (uint)packed);
            if (packed < 0)
            {
                exponents.CopyTo(buffer.AsSpan(offset + HeaderBytes));
                packed = numbers;
            }

            rest.CopyTo(buffer.AsSpan(offset + HeaderBytes + packed));
            return HeaderBytes + packed + rest.Length;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(planes);
        }
    }

    /// <summary>Unpacks into rows; false where the bytes are no such packing.</summary>
    public static bool Decode(
        IReadOnlyList<IReadOnlyList<RowRun>> blocks, KvElementType type, bool narrow, byte[] buffer, int offset, int length)
    {
        int width = type == KvElementType.F32 ? 4 : 2;
        int numbers = blocks.Sum(b => b.Sum(r => r.Rows.Length)) / width;
        int restBytes = numbers * (narrow || width == 2 ? 1 : 3);
        long packed = (long)length - HeaderBytes - restBytes;
        if (packed < 0)
        {
            return false;
        }

        byte[] exponents = ArrayPool<byte>.Shared.Rent(numbers);
        try
        {
            uint claimed = BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(offset));
            var stream = new ArraySegment<byte>(buffer, offset + HeaderBytes, (int)packed);
            if (claimed == Plain && packed == numbers)
            {
                stream.AsSpan().CopyTo(exponents);
            }
            else if (claimed != packed || !Inflate(stream, exponents.AsSpan(0, numbers)))
            {
                return false;
            }

            ReadOnlySpan<byte> rest = buffer.AsSpan(offset + HeaderBytes + (int)packed, restBytes);
            int done = 0;
            foreach (RowRun run in blocks.SelectMany(b => b))
            {
                done += Join(run.Rows.Span, width, narrow, exponents, rest, done, numbers);
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(exponents);
        }
    }

    private static int Split(Span<byte> rows, int width, bool narrow, Span<byte> exponents, Span<byte> rest, int done, int numbers)
    {
        int count = rows.Length / width;
        if (width == 2)
        {
            FloatPlanes.Split(MemoryMarshal.Cast<byte, ushort>(rows), exponents[done..], rest[done..]);
        }
        else if (narrow)
        {
            ushort[] halves = ArrayPool<ushort>.Shared.Rent(count);
            KvRowCodec.EncodeBf16(MemoryMarshal.Cast<byte, float>(rows), halves);
            FloatPlanes.Split(halves.AsSpan(0, count), exponents[done..], rest[done..]);
            ArrayPool<ushort>.Shared.Return(halves);
        }
        else
        {
            FloatPlanes.Split(
                MemoryMarshal.Cast<byte, uint>(rows), exponents[done..], MemoryMarshal.Cast<byte, ushort>(rest[..(2 * numbers)])[done..],
                rest[((2 * numbers) + done)..]);
        }

        return count;
    }

    private static int Join(
        Span<byte> rows, int width, bool narrow, ReadOnlySpan<byte> exponents, ReadOnlySpan<byte> rest, int done, int numbers)
    {
        int count = rows.Length / width;
        if (width == 2)
        {
            FloatPlanes.Join(MemoryMarshal.Cast<byte, ushort>(rows), exponents[done..], rest[done..]);
        }
        else if (narrow)
        {
            ushort[] halves = ArrayPool<ushort>.Shared.Rent(count);
            FloatPlanes.Join(halves.AsSpan(0, count), exponents[done..], rest[done..]);
            KvRowCodec.DecodeBf16(halves.AsSpan(0, count), MemoryMarshal.Cast<byte, float>(rows));
            ArrayPool<ushort>.Shared.Return(halves);
        }
        else
        {
            FloatPlanes.Join(
                MemoryMarshal.Cast<byte, uint>(rows), exponents[done..], MemoryMarshal.Cast<byte, ushort>(rest[..(2 * numbers)])[done..],
                rest[((2 * numbers) + done)..]);
        }

        return count;
    }

    /// <summary>Length of the stream, or -1 where it would not be shorter.</summary>
    private static int Deflate(byte[] exponents, int count, byte[] buffer, int offset)
    {
        var options = new ZLibCompressionOptions { CompressionLevel = 1, CompressionStrategy = ZLibCompressionStrategy.HuffmanOnly };
        using var target = new BoundedStream(buffer, offset, count);
        using (var deflate = new DeflateStream(target, options, leaveOpen: true))
        {
            deflate.Write(exponents, 0, count);
        }

        return target.Overflowed ? -1 : target.Written;
    }

    private static bool Inflate(ArraySegment<byte> stream, Span<byte> exponents)
    {
        using var source = new MemoryStream(stream.Array!, stream.Offset, stream.Count, writable: false);
        using var inflate = new DeflateStream(source, CompressionMode.Decompress);
        try
        {
            return inflate.ReadAtLeast(exponents, exponents.Length, throwOnEndOfStream: false) == exponents.Length
                && inflate.ReadByte() < 0;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
