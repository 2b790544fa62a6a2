using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Directories;

/// <content>Counting what is there, and removing what is not wanted any more.</content>
public sealed partial class DirectoryBlobStore
{
    /// <summary>
    /// Removes copies that nobody used for the time to live, and what saves that failed left behind, and counts again what is there: files that
    /// others took away must not spend the budget. A folder that fails does not keep the others waiting; its fault is told at the end. Returns how
    /// many bytes came free.
    /// </summary>
    public async ValueTask<long> SweepAsync(CancellationToken cancellationToken)
    {
        RequireWritable();
        long before = _ledger.Statistics().Total.Bytes;
        List<OwnerFolder> folders = await Run(
            () => Folders().Select(f => f.Path).Union(_ledger.Folders()).Select(path => new OwnerFolder(path)).ToList(),
            cancellationToken).ConfigureAwait(false);
        StoreUnavailableException? fault = null;
        foreach (OwnerFolder folder in folders)
        {
            SemaphoreSlim gate = GateOf(folder);
            await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await Run(() => Sweep(folder), cancellationToken).ConfigureAwait(false);
            }
            catch (StoreUnavailableException e)
            {
                fault ??= e;
            }
            finally
            {
                gate.Release();
            }
        }

        return fault is null ? before - _ledger.Statistics().Total.Bytes : throw fault;
    }

    private void SweepQuietly()
    {
        try
        {
            SweepAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        }
        catch (StoreUnavailableException)
        {
            // The next sweep tries again; whoever uses the store is told of the fault himself.
        }
    }

    private bool Sweep(OwnerFolder folder)
    {
        string? tenant = folder.ReadOwner()?.Tenant;

        // Without one a save has just begun here, or the folder goes when the store is opened next.
        if (tenant is not null)
        {
            Sweep(folder, tenant);
        }

        _ledger.Recount(folder.Path, tenant, () => Held(folder));
        return true;
    }

    private void Sweep(OwnerFolder folder, string tenant)
    {
        DirectoryManifest? manifest = Present(folder);
        if (File.Exists(folder.Manifest) && IsExpired(folder))
        {
            DeleteCopy(tenant, folder, manifest);
            manifest = null;
        }

        HashSet<FrameId> named = [.. manifest?.Frames ?? []];
        foreach ((FrameId id, FileInfo file) in folder.Frames().ToList())
        {
            if (!named.Contains(id) && Age(file.LastWriteTimeUtc) >= _options.OrphanAge)
            {
                Delete(tenant, file.FullName, manifest: false);
            }
        }

        foreach (string left in Directory.Exists(folder.Path) ? Directory.GetFiles(folder.Path, "*.tmp") : [])
        {
            if (Age(File.GetLastWriteTimeUtc(left)) >= _options.OrphanAge)
            {
                TryDelete(left);
            }
        }

        if (Directory.Exists(folder.Path) && Age(Directory.GetLastWriteTimeUtc(folder.Path)) >= _options.OrphanAge)
        {
            RemoveIfEmpty(folder);
        }
    }

    private void Count()
    {
        foreach (OwnerFolder folder in Folders())
        {
            if (folder.ReadOwner()?.Tenant is not { } tenant)
            {
                RemoveUnowned(folder);
                continue;
            }

            _ledger.Recount(folder.Path, tenant, () => Held(folder));
        }
    }

    private static BlobUsage Held(OwnerFolder folder)
    {
        FileInfo[] frames = [.. folder.Frames().Select(f => f.File).Where(f => f.Exists)];
        var manifest = new FileInfo(folder.Manifest);
        return new BlobUsage(frames.Sum(f => f.Length) + (manifest.Exists ? manifest.Length : 0), frames.Length, manifest.Exists ? 1 : 0);
    }

    /// <summary>
    /// A crash came before the owner was noted, or the note is damaged: nobody could be charged for such a folder. Only what this store
    /// may have written goes: the folder may have been somebody else's before it was named as a store's.
    /// </summary>
    private void RemoveUnowned(OwnerFolder folder)
    {
        if (_options.ReadOnly)
        {
            return;
        }

        foreach (string left in folder.OwnFiles().ToList())
        {
            File.Delete(left);
        }

        RemoveIfEmpty(folder);
    }

    private IEnumerable<OwnerFolder> Folders()
    {
        if (!Directory.Exists(_root))
        {
            yield break;
        }

        // What has another name is not this store's, whatever it is.
        foreach (string tenant in Directory.GetDirectories(_root).Where(OwnerFolder.IsNamed))
        {
            foreach (string session in Directory.GetDirectories(tenant).Where(OwnerFolder.IsNamed))
            {
                yield return new OwnerFolder(session);
            }
        }
    }

    private bool IsExpired(OwnerFolder folder) => Age(File.GetLastWriteTimeUtc(folder.Manifest)) >= _options.TimeToLive;

    /// <summary>A time in the future, left by a clock that was ahead, counts as long ago: else what it marks would never go.</summary>
    private TimeSpan Age(DateTime time)
    {
        TimeSpan age = Now - time;
        return age < -_options.TimeToLive ? TimeSpan.MaxValue : age;
    }
}
