using KVCluster.Inference.Kv;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Encryption;
using KVCluster.Storage.Format;
using KVCluster.Storage.Frames;

namespace KVCluster.Storage.Snapshots;

/// <summary>
/// Publishes copies in two phases: frames, then the manifest by compare-and-set; then frames that no copy names any more go. Whatever
/// fails before the manifest is replaced leaves the earlier copy as it was.
/// </summary>
internal sealed class SnapshotSaver(IBlobStore store, SnapshotStoreOptions options, BrokenFrames broken, Action evicted)
{
    private const int Attempts = 4;

    private readonly StoreRoom? _room = options.EvictLeastRecentlyUsed ? new StoreRoom(store, evicted) : null;

    /// <summary>The outcome, without times.</summary>
    public async ValueTask<SnapshotSave> SaveAsync(SnapshotSource source, CancellationToken cancellationToken)
    {
        bool keepExact = options.KeepExact;
        long written = 0;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            StoredManifest? stored = await store.ReadManifestAsync(source.Owner, cancellationToken).ConfigureAwait(false);
            ManifestStamp? expected = stored is { IsDamaged: false } ? stored.Stamp : null;
            if (expected?.Epoch > source.Epoch)
            {
                return Ended(SaveOutcome.Fenced, written, $"epoch {expected.Value.Epoch} has published, this is epoch {source.Epoch}");
            }

            SnapshotManifest? last = TryOpen(stored, source.Owner);
            var attempted = await TryAsync(source, last, expected, keepExact, cancellationToken).ConfigureAwait(false);
            written += attempted.Written;
            switch (attempted.Result)
            {
                case PublishResult.Published:
                    return attempted.Save! with { WrittenBytes = written };
                case PublishResult.Fenced:
                    return Ended(SaveOutcome.Fenced, written, $"a later epoch than {source.Epoch} published meanwhile");
                case PublishResult.OverBudget when keepExact && await DropExactAsync(source, last, expected, cancellationToken).ConfigureAwait(false):
                    keepExact = false;
                    break;
                case PublishResult.OverBudget when _room is not null
                    && await _room.MakeAsync(source.Owner, attempted.Planned, cancellationToken).ConfigureAwait(false):
                    break;
                case PublishResult.OverBudget:
                    return Ended(SaveOutcome.OverBudget, written, "the byte budget is spent or the store is full");
                default:
                    break;
            }
        }

        return Ended(SaveOutcome.Unavailable, written, "others kept publishing at the same time");
    }

    private static SnapshotSave Ended(SaveOutcome outcome, long written, string reason) =>
        new() { Outcome = outcome, Reason = reason, WrittenBytes = written };

    private async ValueTask<(PublishResult Result, SnapshotSave? Save, long Written, long Planned)> TryAsync(
        SnapshotSource source, SnapshotManifest? last, ManifestStamp? expected, bool keepExact, CancellationToken cancellationToken)
    {
        SnapshotCodec codec = SnapshotCodecs.For(options.Codec, source.Terms.Geometry.ElementType);
        TenantKey? key = options.Keys?.Newest(source.Owner.Tenant);
        SnapshotManifest? same = last?.Terms == source.Terms ? last : null;
        var copyWriter = new CopyWriter(source, options, codec, broken);
        var frameWriter = new FrameWriter(store, source, codec, key);
        bool mayBeNamed = false;
        try
        {
            SnapshotCopy? copy = await copyWriter.WriteAsync(same, frameWriter, store.Parallelism, cancellationToken).ConfigureAwait(false);
            if (copy is null)
            {
                return (PublishResult.OverBudget, null, copyWriter.Written, copyWriter.PlannedBytes);
            }

            SnapshotCopy? exact = keepExact && copy.Kind == CopyKind.Compressed ? KeptExact(same, source) : null;
            var manifest = new SnapshotManifest
            {
                Owner = source.Owner,
                Stamp = new ManifestStamp(source.Epoch, (expected?.Generation ?? 0) + 1),
                Terms = source.Terms,
                Copies = exact is null ? [copy] : [exact, copy],
            };
            PublishResult result;
            try
            {
                result = await PublishAsync(manifest, key, last, expected, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreUnavailableException)
            {
                // The answer may have been lost behind a manifest that is in place: its frames stay, and expire where it is not.
                mayBeNamed = true;
                throw;
            }

            mayBeNamed = result == PublishResult.Published;
            var save = new SnapshotSave
            {
                Outcome = SaveOutcome.Published,
                Generation = manifest.Stamp.Generation,
                StoredBytes = copy.StoredBytes,
            };
            return (result, result == PublishResult.Published ? save : null, copyWriter.Written, copyWriter.PlannedBytes);
        }
        finally
        {
            if (!mayBeNamed)
            {
                await ForgetAsync(source.Owner, copyWriter.Frames).ConfigureAwait(false);
            }
        }
    }

    private SnapshotCopy? KeptExact(SnapshotManifest? last, SnapshotSource source) =>
        last?.Find(CopyKind.Whole) is { IsExact: true } whole
        && !whole.Frames.Any(f => broken.Contains(f.Id))
        && TokenChain.Agreeing(whole.Chain.Span, whole.Tokens, source.Tokens.Span) > 0
            ? whole
            : null;

    private async ValueTask<PublishResult> PublishAsync(
        SnapshotManifest manifest, TenantKey? key, SnapshotManifest? last, ManifestStamp? expected, CancellationToken cancellationToken)
    {
        FrameId[] live = [.. manifest.Frames.Select(f => f.Id)];
        var publication = new ManifestPublication
        {
            Expected = expected,
            Stamp = manifest.Stamp,
            Body = ManifestEnvelope.Seal(manifest, key),
            Frames = live,
        };
        PublishResult result = await store.PublishAsync(manifest.Owner, publication, cancellationToken).ConfigureAwait(false);
        if (result == PublishResult.Published)
        {
            await ForgetAsync(manifest.Owner, [.. (last?.Frames ?? []).Select(f => f.Id).Except(live)]).ConfigureAwait(false);
            await RenewAsync(manifest.Owner, live, cancellationToken).ConfigureAwait(false);
        }

        return result;
    }

    /// <summary>
    /// A compressed copy found no room: the exact one makes it, where that frees as much as a new copy can need. What is published
    /// meanwhile is the last compressed copy, if there is one.
    /// </summary>
    private async ValueTask<bool> DropExactAsync(
        SnapshotSource source, SnapshotManifest? last, ManifestStamp? expected, CancellationToken cancellationToken)
    {
        if (source.Cache.IsExact || last?.Find(CopyKind.Whole) is not { } whole || expected is not { } stamp)
        {
            return false;
        }

        SnapshotCopy[] others = [.. last.Copies.Where(c => c != whole)];
        HashSet<FrameId> shared = [.. others.SelectMany(c => c.Frames).Select(f => f.Id)];
        long freed = whole.Frames.Where(f => !shared.Contains(f.Id)).Sum(f => (long)f.Bytes);
        if (freed < Needed(source))
        {
            return false;
        }

        SnapshotManifest without = last with { Copies = others, Stamp = new ManifestStamp(source.Epoch, stamp.Generation + 1) };
        TenantKey? key = options.Keys?.Newest(source.Owner.Tenant);
        return await PublishAsync(without, key, last, expected, cancellationToken).ConfigureAwait(false) == PublishResult.Published;
    }

    private long Needed(SnapshotSource source)
    {
        KvGeometry geometry = source.Terms.Geometry;
        KvHeadLayout[] heads = [.. source.Cache.Layout().Heads];
        FrameShape shape = FrameShape.Of(heads, new int[heads.Length], [.. heads.Select(h => h.Length)]);
        return FrameEncoding.MaxBytes(SnapshotCodecs.For(options.Codec, geometry.ElementType), geometry, shape);
    }

    private SnapshotManifest? TryOpen(StoredManifest? stored, SnapshotOwner owner)
    {
        try
        {
            return stored is null ? null : ManifestAccess.Open(stored, owner, options.Keys);
        }
        catch (SnapshotMissException)
        {
            // What cannot be read is replaced; frames of it that cannot be named expire.
            return null;
        }
    }

    /// <summary>Frames that nobody names expire anyway: to delete them early is worth one try, also of a save that was cancelled.</summary>
    private async ValueTask ForgetAsync(SnapshotOwner owner, IReadOnlyList<FrameId> frames)
    {
        if (frames.Count == 0)
        {
            return;
        }

        try
        {
            await store.DeleteFramesAsync(owner, frames, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreUnavailableException)
        {
        }
    }

    private async ValueTask RenewAsync(SnapshotOwner owner, IReadOnlyList<FrameId> frames, CancellationToken cancellationToken)
    {
        try
        {
            await store.RenewAsync(owner, frames, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StoreUnavailableException or OperationCanceledException)
        {
        }
    }
}
