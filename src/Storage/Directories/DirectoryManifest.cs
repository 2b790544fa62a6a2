using System.Buffers.Binary;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Format;
using KVCluster.Storage.MessagePack;

namespace KVCluster.Storage.Directories;

/// <summary>
/// A manifest file: magic, epoch, generation, the frames named, the body, a checksum over all before it. Little-endian.
/// </summary>
internal sealed record DirectoryManifest(ManifestStamp Stamp, IReadOnlyList<FrameId> Frames, ReadOnlyMemory<byte> Body)
{
    private const int HeaderBytes = 8 + 8 + 8 + 4 + 4;
    private const int FrameBytes = 8 + 8 + 4;

    private static ReadOnlySpan<byte> Magic => "KVCDIR01"u8;

    public static long FileBytes(int frames, int body) => HeaderBytes + ((long)frames * FrameBytes) + body + sizeof(ulong);

    public static byte[] Write(ManifestPublication publication)
    {
        var file = new byte[checked((int)FileBytes(publication.Frames.Count, publication.Body.Length))];
        Magic.CopyTo(file);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(8), publication.Stamp.Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(16), publication.Stamp.Generation);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(24), publication.Frames.Count);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(28), publication.Body.Length);
        Span<byte> next = file.AsSpan(HeaderBytes);
        foreach (FrameId frame in publication.Frames)
        {
            BinaryPrimitives.WriteInt64LittleEndian(next, frame.Epoch);
            BinaryPrimitives.WriteUInt64LittleEndian(next[8..], frame.Save);
            BinaryPrimitives.WriteInt32LittleEndian(next[16..], frame.Number);
            next = next[FrameBytes..];
        }

        publication.Body.Span.CopyTo(next);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(file.Length - 8), Checksum64.Of(file.AsSpan(0, file.Length - 8)));
        return file;
    }

    /// <summary>Null where the bytes are no whole manifest file.</summary>
    public static DirectoryManifest? Read(ReadOnlyMemory<byte> file)
    {
        ReadOnlySpan<byte> bytes = file.Span;
        if (bytes.Length < HeaderBytes + sizeof(ulong) || !bytes.StartsWith(Magic))
        {
            return null;
        }

        int frameCount = BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]);
        int bodyBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]);
        if (frameCount < 0
            || bodyBytes < 0
            || FileBytes(frameCount, bodyBytes) != bytes.Length
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes[^8..]) != Checksum64.Of(bytes[..^8]))
        {
            return null;
        }

        var frames = new FrameId[frameCount];
        ReadOnlySpan<byte> next = bytes[HeaderBytes..];
        for (int i = 0; i < frames.Length; i++, next = next[FrameBytes..])
        {
            frames[i] = new FrameId(
                BinaryPrimitives.ReadInt64LittleEndian(next),
                BinaryPrimitives.ReadUInt64LittleEndian(next[8..]),
                BinaryPrimitives.ReadInt32LittleEndian(next[16..]));
        }

        var stamp = new ManifestStamp(BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]));
        return new DirectoryManifest(stamp, frames, file.Slice(HeaderBytes + (frameCount * FrameBytes), bodyBytes));
    }
}
