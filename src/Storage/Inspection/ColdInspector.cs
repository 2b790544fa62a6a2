using System.Buffers;
using System.Runtime.CompilerServices;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Encryption;
using KVCluster.Storage.Format;
using KVCluster.Storage.Frames;
using KVCluster.Storage.Snapshots;

namespace KVCluster.Storage.Inspection;

/// <summary>
/// A look at a store from outside, beside whoever uses it: what is in it, whether it is sound, and out with it. A store that cannot be
/// reached is a <see cref="StoreUnavailableException"/>.
/// </summary>
/// <param name="store">The store; the caller closes it.</param>
/// <param name="keys">Keys of tenants; null: encrypted copies are faults of cause <see cref="MissCause.NoKey"/>.</param>
public sealed class ColdInspector(IBlobStore store, ITenantKeys? keys = null)
{
    /// <summary>Bytes and entries for each tenant and in all, and the budgets.</summary>
    public ValueTask<BlobStatistics> StatisticsAsync(CancellationToken cancellationToken) => store.StatisticsAsync(cancellationToken);

    /// <summary>Reads every manifest and frame of a tenant's sessions (null: of all) and tells of each session whether all of it verifies.</summary>
    public async IAsyncEnumerable<ColdVerdict> VerifyAsync(string? tenant, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (SnapshotOwner owner in store.OwnersAsync(tenant, cancellationToken).ConfigureAwait(false))
        {
            yield return await VerifyAsync(owner, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads an owner's manifest and every frame it names.</summary>
    public async ValueTask<ColdVerdict> VerifyAsync(SnapshotOwner owner, CancellationToken cancellationToken)
    {
        int frames = 0;
        long bytes = 0;
        try
        {
            SnapshotManifest manifest = await OpenAsync(owner, cancellationToken).ConfigureAwait(false);
            foreach (FrameRecord frame in manifest.Frames)
            {
                await CheckAsync(owner, frame, cancellationToken).ConfigureAwait(false);
                frames++;
                bytes += frame.Bytes;
            }

            return new ColdVerdict(owner, null, null, frames, bytes);
        }
        catch (SnapshotMissException e)
        {
            return new ColdVerdict(owner, e.Cause, e.Message, frames, bytes);
        }
    }

    /// <summary>What an owner's manifest says; null where there is none, <see cref="ColdDescription.Fault"/> where it cannot be verified.</summary>
    public async ValueTask<ColdDescription?> ShowAsync(SnapshotOwner owner, CancellationToken cancellationToken)
    {
        try
        {
            SnapshotManifest manifest = await OpenAsync(owner, cancellationToken).ConfigureAwait(false);
            return new ColdDescription(owner, manifest.Stamp.Epoch, manifest.Stamp.Generation, manifest.Terms, [.. manifest.Copies.Select(Describe)]);
        }
        catch (SnapshotMissException e)
        {
            return e.Cause == MissCause.Absent ? null : new ColdDescription(owner, 0, 0, null, []) { Fault = e.Cause };
        }
    }

    /// <summary>Deletes all copies of a tenant (null: of all), or of one session of it; returns how many sessions had one.</summary>
    public async ValueTask<int> PurgeAsync(string? tenant, string? session, CancellationToken cancellationToken)
    {
        var owners = new List<SnapshotOwner>();
        await foreach (SnapshotOwner owner in store.OwnersAsync(tenant, cancellationToken).ConfigureAwait(false))
        {
            if (session is null || owner.Session == session)
            {
                owners.Add(owner);
            }
        }

        foreach (SnapshotOwner owner in owners)
        {
            await store.DeleteAsync(owner, long.MaxValue, cancellationToken).ConfigureAwait(false);
        }

        return owners.Count;
    }

    private static ColdCopy Describe(SnapshotCopy copy) => new()
    {
        IsExact = copy.IsExact,
        IsCompressed = copy.Kind == CopyKind.Compressed,
        Tokens = copy.Tokens,
        Lengths = [.. copy.Heads.Select(h => h.Length)],
        StoredBytes = copy.StoredBytes,
        Frames = copy.Frames.Count(),
        Codecs = [.. copy.Frames.Select(f => f.Codec).Distinct().Order()],
        KeyIds = [.. copy.Frames.Select(f => f.KeyId).OfType<string>().Distinct().Order(StringComparer.Ordinal)],
        CompressionRecord = copy.CompressionRecord,
    };

    private async ValueTask<SnapshotManifest> OpenAsync(SnapshotOwner owner, CancellationToken cancellationToken) =>
        ManifestAccess.Open(await store.ReadManifestAsync(owner, cancellationToken).ConfigureAwait(false), owner, keys);

    private async ValueTask CheckAsync(SnapshotOwner owner, FrameRecord frame, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(frame.Bytes);
        try
        {
            FrameRead read = await store.ReadFrameAsync(owner, frame.Id, [buffer.AsMemory(0, frame.Bytes)], cancellationToken).ConfigureAwait(false);
            if (read == FrameRead.Missing)
            {
                throw new SnapshotMissException(MissCause.MissingFrame, $"frame {frame.Id} is gone");
            }

            Memory<byte> bytes = buffer.AsMemory(0, frame.Bytes);
            if (read != FrameRead.Read || Checksum64.Of(bytes.Span) != frame.Checksum)
            {
                throw new SnapshotMissException(MissCause.CorruptFrame, $"frame {frame.Id} is not what was written");
            }

            if (frame.KeyId is not null)
            {
                TenantKey key = keys?.Find(owner.Tenant, frame.KeyId)
                    ?? throw new SnapshotMissException(MissCause.NoKey, $"key '{frame.KeyId}' is not here");
                if (!FrameCipher.TryOpen(key, owner, frame.Id, bytes.Span))
                {
                    throw new SnapshotMissException(MissCause.CorruptFrame, $"frame {frame.Id} is not what was encrypted under its name");
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
