using KVCluster.Inference.Kv;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Format;

namespace KVCluster.Storage.Snapshots;

/// <summary>Fills caches from copies: the best that answers, and if that one fails the next.</summary>
internal sealed class SnapshotLoader(IBlobStore store, SnapshotStoreOptions options, BrokenFrames broken)
{
    /// <summary>A save or a sweep may take frames away while they are read; then there is another manifest to try.</summary>
    private const int Attempts = 3;

    /// <summary>Verified manifest and answers; throws <see cref="SnapshotMissException"/> or <see cref="StoreUnavailableException"/>.</summary>
    public async ValueTask<(SnapshotManifest Manifest, IReadOnlyList<(SnapshotCopy Copy, int Tokens)> Answers)> FindAsync(
        SnapshotQuery query, CancellationToken cancellationToken)
    {
        StoredManifest? stored = await store.ReadManifestAsync(query.Owner, cancellationToken).ConfigureAwait(false);
        if (stored is { IsDamaged: false } && stored.Stamp.Epoch > query.Epoch)
        {
            throw new SnapshotMissException(MissCause.LaterEpoch, $"epoch {stored.Stamp.Epoch} has published");
        }

        SnapshotManifest manifest = ManifestAccess.Open(stored, query.Owner, options.Keys);
        return (manifest, ManifestAccess.Answers(manifest, query));
    }

    /// <summary>What was loaded, and how many tokens and bytes that is; exceptions as <see cref="FindAsync"/>, the cache then empty.</summary>
    public async ValueTask<(SnapshotCopy Copy, int Tokens, long Bytes)> LoadAsync(
        SnapshotQuery query, KvCache destination, CancellationToken cancellationToken)
    {
        ManifestStamp? failed = null;
        SnapshotMissException? fault = null;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            var (manifest, answers) = await FindAsync(query, cancellationToken).ConfigureAwait(false);
            if (manifest.Stamp == failed)
            {
                break;
            }

            foreach ((SnapshotCopy copy, int tokens) in answers)
            {
                try
                {
                    long bytes = await FillAsync(query, copy, tokens, destination, cancellationToken).ConfigureAwait(false);
                    await RenewAsync(query.Owner, manifest, cancellationToken).ConfigureAwait(false);
                    return (copy, tokens, bytes);
                }
                catch (SnapshotMissException e)
                {
                    fault = e;
                }
            }

            failed = manifest.Stamp;
        }

        throw fault ?? new SnapshotMissException(MissCause.Absent, "there is no copy");
    }

    /// <summary>Frames that hold the first tokens of a copy: chains of frames that must be read one after another.</summary>
    internal static IReadOnlyList<IReadOnlyList<FrameTask>> Tasks(SnapshotCopy copy, int tokens, KvGeometry geometry, bool inPlace)
    {
        var chains = new List<IReadOnlyList<FrameTask>>();
        foreach (LayerGroup group in copy.Groups)
        {
            var chain = new List<FrameTask>();
            int[] starts = new int[group.Layers * geometry.KvHeads];
            foreach (FrameSegment segment in group.Segments)
            {
                if (copy.Kind == CopyKind.Whole && starts[0] >= tokens)
                {
                    break;
                }

                chain.Add(new FrameTask(group.FirstLayer * geometry.KvHeads, starts, segment.Ends, segment.Frame));
                starts = segment.Ends;
            }

            // Pages that come in as copies may belong to two frames of a group, and the second must find what the first brought.
            chains.AddRange(inPlace ? chain.Select(t => (IReadOnlyList<FrameTask>)[t]) : [chain]);
        }

        return chains;
    }

    private async ValueTask<long> FillAsync(
        SnapshotQuery query, SnapshotCopy copy, int tokens, KvCache destination, CancellationToken cancellationToken)
    {
        destination.Restore(copy.Layout(tokens));
        LayerArrival? arrival = null;
        bool filled = false;
        try
        {
            var reader = new FrameReader(store, query.Owner, destination, options.Keys, broken);
            var chains = Tasks(copy, tokens, destination.Geometry, destination.Pool.Store is IHostPages);
            int[] groups = [.. chains.Select(chain => GroupOf(copy, chain[0], destination.Geometry))];
            arrival = Announce(query.Arrival, copy, tokens, groups, destination);
            await ParallelWork.RunAsync(
                Enumerable.Range(0, chains.Count).ToArray(),
                store.Parallelism,
                async (chain, token) =>
                {
                    foreach (FrameTask task in chains[chain])
                    {
                        await reader.ReadAsync(task, token).ConfigureAwait(false);
                    }

                    arrival?.Arrived(groups[chain]);
                },
                cancellationToken).ConfigureAwait(false);
            filled = true;
            return chains.Sum(c => c.Sum(t => (long)t.Frame!.Bytes));
        }
        finally
        {
            if (!filled)
            {
                arrival?.Fail();
                destination.Truncate(0);
            }
        }
    }

    private static int GroupOf(SnapshotCopy copy, FrameTask task, KvGeometry geometry)
    {
        int layer = task.FirstHead / geometry.KvHeads;
        return copy.Groups.TakeWhile(group => group.FirstLayer != layer).Count();
    }

    /// <summary>Says what will arrive, and in which parts; null where nobody waits for parts, or there is no room for what follows them.</summary>
    private static LayerArrival? Announce(LayerArrival? arrival, SnapshotCopy copy, int tokens, int[] groups, KvCache destination)
    {
        if (arrival is null || arrival.HasFailed)
        {
            return null;
        }

        try
        {
            destination.PrepareAppend(arrival.Room);
        }
        catch (ArenaFullException)
        {
            return null;
        }

        var parts = copy.Groups.Select((group, i) => (group.FirstLayer + group.Layers, groups.Count(g => g == i)));
        return arrival.TryBegin(tokens, parts) ? arrival : null;
    }

    /// <summary>Being used keeps a copy alive. That the store could not note it is no reason to give a good cache back.</summary>
    private async ValueTask RenewAsync(SnapshotOwner owner, SnapshotManifest manifest, CancellationToken cancellationToken)
    {
        try
        {
            await store.RenewAsync(owner, [.. manifest.Frames.Select(f => f.Id)], cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StoreUnavailableException or OperationCanceledException)
        {
        }
    }
}
