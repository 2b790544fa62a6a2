using System.Buffers.Binary;
using KVCluster.Storage.Encryption;
using KVCluster.Storage.Frames;
using KVCluster.Storage.MessagePack;

namespace KVCluster.Storage.Format;

/// <summary>
/// A manifest as it is published: format, version, key id, the body (encrypted where there is a key) and a checksum over all before it.
/// </summary>
internal static class ManifestEnvelope
{
    public const string Magic = "kvcluster-cold";
    public const int Version = 1;

    private const int ChecksumBytes = 1 + sizeof(ulong);

    public static ReadOnlyMemory<byte> Seal(SnapshotManifest manifest, TenantKey? key)
    {
        ReadOnlyMemory<byte> body = ManifestWriter.Write(manifest);
        if (key is not null)
        {
            var sealedBody = new byte[FrameCipher.NonceBytes + body.Length + FrameCipher.TagBytes];
            body.Span.CopyTo(sealedBody.AsSpan(FrameCipher.NonceBytes));
            FrameCipher.Seal(key, manifest.Owner, frame: null, sealedBody);
            body = sealedBody;
        }

        var writer = new MessagePackWriter(body.Length + 128);
        writer.WriteArrayHeader(5);
        writer.Write(Magic);
        writer.Write((long)Version);
        writer.Write(key?.Id);
        writer.Write(body.Span);
        writer.WriteFixed(Checksum64.Of(writer.Written.Span));
        return writer.Written;
    }

    /// <summary>Reads and verifies; a <see cref="SnapshotMissException"/> says what cannot be.</summary>
    public static SnapshotManifest Open(ReadOnlySpan<byte> bytes, SnapshotOwner owner, ITenantKeys? keys)
    {
        try
        {
            SnapshotManifest manifest = ManifestReader.Read(Body(bytes, owner, keys));
            return manifest.Owner == owner
                ? manifest
                : throw new SnapshotMissException(MissCause.ForeignOwner, "the manifest names another owner");
        }
        catch (MessagePackException e)
        {
            throw new SnapshotMissException(MissCause.CorruptManifest, e.Message);
        }
    }

    private static ReadOnlySpan<byte> Body(ReadOnlySpan<byte> bytes, SnapshotOwner owner, ITenantKeys? keys)
    {
        var reader = new MessagePackReader(bytes);
        if (reader.ReadArrayHeader() < 2 || reader.ReadString() != Magic)
        {
            throw new SnapshotMissException(MissCause.CorruptManifest, "no manifest at all");
        }

        long version = reader.ReadInt64();
        if (version != Version)
        {
            throw new SnapshotMissException(MissCause.UnknownVersion, $"format version {version}; this program reads {Version}");
        }

        string? keyId = reader.TryReadNil() ? null : reader.ReadString();
        ReadOnlySpan<byte> body = reader.ReadBinary();
        if (bytes[0] != 0x95
            || bytes.Length - reader.Position != ChecksumBytes
            || bytes[reader.Position] != MessagePackCode.UInt64
            || BinaryPrimitives.ReadUInt64BigEndian(bytes[(reader.Position + 1)..]) != Checksum64.Of(bytes[..reader.Position]))
        {
            throw new SnapshotMissException(MissCause.CorruptManifest, "the checksum does not agree");
        }

        return Decrypt(body, keyId, owner, keys);
    }

    private static ReadOnlySpan<byte> Decrypt(ReadOnlySpan<byte> body, string? keyId, SnapshotOwner owner, ITenantKeys? keys)
    {
        if (keyId is null)
        {
            // Else whoever can write to the store could put a plain copy of his own in place of an encrypted one.
            return keys?.Newest(owner.Tenant) is null
                ? body
                : throw new SnapshotMissException(MissCause.NoKey, "the copy is not encrypted, though the tenant has a key");
        }

        TenantKey key = keys?.Find(owner.Tenant, keyId)
            ?? throw new SnapshotMissException(MissCause.NoKey, $"key '{keyId}' is not here");
        byte[] opened = body.ToArray();
        return FrameCipher.TryOpen(key, owner, frame: null, opened)
            ? opened.AsSpan(FrameCipher.NonceBytes..^FrameCipher.TagBytes)
            : throw new SnapshotMissException(MissCause.CorruptManifest, "the body is not what was encrypted for this owner");
    }
}
