using System.Buffers;
using KVCluster.Inference.Kv;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Encryption;
using KVCluster.Storage.Format;
using KVCluster.Storage.Frames;
using KVCluster.Storage.MessagePack;

namespace KVCluster.Storage.Snapshots;

/// <summary>Writes frames of one save: raw and plain ones straight from the arena, others through one buffer.</summary>
internal sealed class FrameWriter(IBlobStore store, SnapshotSource source, SnapshotCodec codec, TenantKey? key)
{
    private readonly ulong _save = RandomId();
    private int _next;

    private KvGeometry Geometry => source.Terms.Geometry;

    /// <summary>The written frame, or null where the store refused it.</summary>
    public async ValueTask<FrameRecord?> WriteAsync(FrameTask task, CancellationToken cancellationToken)
    {
        using PageWindow window = PageWindow.Open(source.Cache, task.FirstHead, task.Starts, task.Ends, read: true);
        FrameContent content = FrameContent.Of(source.Cache, window, task.FirstHead, task.Starts, task.Ends);
        var id = new FrameId(source.Epoch, _save, Interlocked.Increment(ref _next) - 1);
        return codec == SnapshotCodec.Raw && key is null
            ? await WriteParts(id, content, cancellationToken).ConfigureAwait(false)
            : await WriteEncoded(id, content, task, cancellationToken).ConfigureAwait(false);
    }

    private static ulong RandomId()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        System.Security.Cryptography.RandomNumberGenerator.Fill(bytes);
        return BitConverter.ToUInt64(bytes);
    }

    private async ValueTask<FrameRecord?> WriteParts(FrameId id, FrameContent content, CancellationToken cancellationToken)
    {
        List<Memory<byte>> parts = content.Parts();
        ulong checksum = content.Checksum();
        var readOnly = new List<ReadOnlyMemory<byte>>(parts.Count);
        readOnly.AddRange(parts.Select(p => (ReadOnlyMemory<byte>)p));
        FrameWrite written = await store.WriteFrameAsync(source.Owner, id, readOnly, cancellationToken).ConfigureAwait(false);
        return written != FrameWrite.Written ? null : new FrameRecord
        {
            Id = id,
            Bytes = parts.Sum(p => p.Length),
            Checksum = checksum,
            Content = checksum,
            Decoded = checksum,
            Codec = codec,
        };
    }

    private async ValueTask<FrameRecord?> WriteEncoded(FrameId id, FrameContent content, FrameTask task, CancellationToken cancellationToken)
    {
        FrameShape shape = FrameShape.Of(Heads(task), task.Starts, task.Ends);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(
            checked((int)FrameEncoding.MaxBytes(codec, Geometry, shape) + FrameCipher.NonceBytes + FrameCipher.TagBytes));
        try
        {
            int offset = key is null ? 0 : FrameCipher.NonceBytes;
            int length = FrameEncoding.Encode(codec, Geometry, content, buffer, offset);
            ulong source64 = content.Checksum();
            ulong decoded = SnapshotCodecs.IsLossless(codec) ? source64 : Decoded(content, buffer, offset, length);
            if (key is not null)
            {
                length += FrameCipher.Overhead(key.Id);
                FrameCipher.Seal(key, source.Owner, id, buffer.AsSpan(0, length));
            }

            ulong checksum = Checksum64.Of(buffer.AsSpan(0, length));
            FrameWrite written = await store
                .WriteFrameAsync(source.Owner, id, [buffer.AsMemory(0, length)], cancellationToken).ConfigureAwait(false);
            return written != FrameWrite.Written ? null : new FrameRecord
            {
                Id = id,
                Bytes = length,
                Checksum = checksum,
                Content = source64,
                Decoded = decoded,
                Codec = codec,
                KeyId = key?.Id,
            };
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private ulong Decoded(FrameContent content, byte[] buffer, int offset, int length)
    {
        FrameContent tried = FrameContent.Apart(Geometry, content);
        return FrameEncoding.Decode(codec, Geometry, tried, buffer, offset, length)
            ? tried.Checksum()
            : throw new InvalidOperationException($"what {codec} encoded it does not decode");
    }

    private KvHeadLayout[] Heads(FrameTask task)
    {
        var heads = new KvHeadLayout[task.Starts.Length];
        for (int i = 0; i < heads.Length; i++)
        {
            (int layer, int head) = Math.DivRem(task.FirstHead + i, Geometry.KvHeads);
            heads[i] = new KvHeadLayout(source.Cache.Length(layer, head), null, !source.Cache.BiasPages(layer, head).IsEmpty);
        }

        return heads;
    }
}
