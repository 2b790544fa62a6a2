using System.Buffers;
using KVCluster.Inference.Kv;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Encryption;
using KVCluster.Storage.Format;
using KVCluster.Storage.Frames;
using KVCluster.Storage.MessagePack;

namespace KVCluster.Storage.Snapshots;

/// <summary>
/// Reads frames into a cache and verifies each: raw and plain ones straight into the arena, others through one buffer. What cannot be
/// verified is a <see cref="SnapshotMissException"/>; the cache then holds anything at all and must be emptied.
/// </summary>
internal sealed class FrameReader(IBlobStore store, SnapshotOwner owner, KvCache cache, ITenantKeys? keys, BrokenFrames broken)
{
    public async ValueTask ReadAsync(FrameTask task, CancellationToken cancellationToken)
    {
        FrameRecord frame = task.Frame!;
        using PageWindow window = PageWindow.Open(cache, task.FirstHead, task.Starts, task.Ends, read: false);
        FrameContent content = FrameContent.Of(cache, window, task.FirstHead, task.Starts, task.Ends);
        if (frame.Codec == SnapshotCodec.Raw && frame.KeyId is null)
        {
            await ReadBytes(frame, content.Parts(), cancellationToken).ConfigureAwait(false);
            Require(content.Checksum() == frame.Checksum, frame, "its checksum does not agree");
        }
        else
        {
            await ReadEncoded(frame, content, cancellationToken).ConfigureAwait(false);
        }

        window.Commit();
    }

    private void Require(bool condition, FrameRecord frame, string fault)
    {
        if (!condition)
        {
            broken.Note(frame.Id);
            throw new SnapshotMissException(MissCause.CorruptFrame, $"frame {frame.Id}: {fault}");
        }
    }

    private async ValueTask ReadEncoded(FrameRecord frame, FrameContent content, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(frame.Bytes);
        try
        {
            await ReadBytes(frame, [buffer.AsMemory(0, frame.Bytes)], cancellationToken).ConfigureAwait(false);
            Require(Checksum64.Of(buffer.AsSpan(0, frame.Bytes)) == frame.Checksum, frame, "its checksum does not agree");
            int offset = 0;
            int length = frame.Bytes;
            if (frame.KeyId is { } keyId)
            {
                TenantKey key = keys?.Find(owner.Tenant, keyId)
                    ?? throw new SnapshotMissException(MissCause.NoKey, $"key '{keyId}' is not here");
                Require(
                    FrameCipher.TryOpen(key, owner, frame.Id, buffer.AsSpan(0, frame.Bytes)),
                    frame,
                    "it is not what was encrypted under this name");
                offset = FrameCipher.NonceBytes;
                length -= FrameCipher.Overhead(keyId);
            }

            Require(FrameEncoding.Decode(frame.Codec, cache.Geometry, content, buffer, offset, length), frame, $"it is no {frame.Codec} encoding");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask ReadBytes(FrameRecord frame, IReadOnlyList<Memory<byte>> destination, CancellationToken cancellationToken)
    {
        FrameRead read = await store.ReadFrameAsync(owner, frame.Id, destination, cancellationToken).ConfigureAwait(false);
        if (read == FrameRead.Missing)
        {
            broken.Note(frame.Id);
            throw new SnapshotMissException(MissCause.MissingFrame, $"frame {frame.Id} is gone");
        }

        Require(read == FrameRead.Read, frame, "it is longer or shorter than it was");
    }
}
