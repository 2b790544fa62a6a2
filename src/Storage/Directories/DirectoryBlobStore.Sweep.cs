using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Directories;

/// <content>Counting what is there, and removing what is not wanted any more.</content>
public sealed partial class DirectoryBlobStore
{
    /// <summary>
    /// Removes copies that nobody used for the time to live, and what saves that failed left behind. Returns how many bytes came free.
    /// </summary>
    public async ValueTask<long> SweepAsync(CancellationToken cancellationToken)
    {
        RequireWritable();
        long before = _ledger.Statistics().Total.Bytes;
        List<OwnerFolder> folders = await Run(() => Folders().ToList(), cancellationToken).ConfigureAwait(false);
        foreach (OwnerFolder folder in folders)
        {
            SemaphoreSlim gate = GateOf(folder);
            await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await Run(() => Sweep(folder), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                gate.Release();
            }
        }

        return before - _ledger.Statistics().Total.Bytes;
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
        if (folder.ReadOwner()?.Tenant is not { } tenant)
        {
            // A save has just begun here, or the folder goes when the store is opened next.
            return false;
        }

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

        return true;
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

            foreach ((_, FileInfo file) in folder.Frames())
            {
                _ledger.Found(tenant, file.Length, manifest: false);
            }

            var manifest = new FileInfo(folder.Manifest);
            if (manifest.Exists)
            {
                _ledger.Found(tenant, manifest.Length, manifest: true);
            }
        }
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
