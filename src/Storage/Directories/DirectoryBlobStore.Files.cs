using KVCluster.Storage.Blobs;
using Microsoft.Win32.SafeHandles;

namespace KVCluster.Storage.Directories;

/// <content>Steps on the disk. They block; callers run them on the pool.</content>
public sealed partial class DirectoryBlobStore
{
    private DateTime Now => _options.Time.GetUtcNow().UtcDateTime;

    private static byte[]? ReadFile(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The manifest, if there is one that verifies.</summary>
    private static DirectoryManifest? Present(OwnerFolder folder) =>
        ReadFile(folder.Manifest) is { } file ? DirectoryManifest.Read(file) : null;

    private FrameWrite WriteFrame(SnapshotOwner owner, OwnerFolder folder, FrameId frame, IReadOnlyList<ReadOnlyMemory<byte>> content)
    {
        long bytes = content.Sum(c => (long)c.Length);
        using IDisposable change = _ledger.Changing(folder.Path, owner.Tenant);
        if (!_ledger.TryAdd(folder.Path, owner.Tenant, bytes, manifest: false))
        {
            return FrameWrite.OverBudget;
        }

        bool written = false;
        try
        {
            EnsureFolder(owner, folder);
            Step(DirectoryStep.WriteFrame);
            using SafeFileHandle file = Write(folder.Frame(frame), content);
            Step(DirectoryStep.SyncFrame);
            RandomAccess.FlushToDisk(file);
            written = true;
            return FrameWrite.Written;
        }
        catch (IOException e) when (DurableFiles.IsFull(e))
        {
            return FrameWrite.OverBudget;
        }
        finally
        {
            if (!written)
            {
                _ledger.Remove(folder.Path, owner.Tenant, bytes, manifest: false);
                TryDelete(folder.Frame(frame));
            }
        }
    }

    private PublishResult Publish(SnapshotOwner owner, OwnerFolder folder, ManifestPublication publication)
    {
        byte[]? replaced = ReadFile(folder.Manifest);
        DirectoryManifest? present = replaced is null ? null : DirectoryManifest.Read(replaced);
        if (present is not null && IsExpired(folder))
        {
            present = null;
        }

        if (present?.Stamp.Epoch > publication.Stamp.Epoch)
        {
            return PublishResult.Fenced;
        }

        if (present?.Stamp != publication.Expected)
        {
            return PublishResult.Conflict;
        }

        byte[] file = DirectoryManifest.Write(publication);
        using IDisposable change = _ledger.Changing(folder.Path, owner.Tenant);
        if (!_ledger.TryAdd(folder.Path, owner.Tenant, file.Length, manifest: true))
        {
            return PublishResult.OverBudget;
        }

        bool published = false;
        try
        {
            EnsureFolder(owner, folder);
            Step(DirectoryStep.WriteManifest);
            using (SafeFileHandle draft = Write(folder.Draft, [file]))
            {
                Step(DirectoryStep.SyncManifest);
                SyncAll(draft, folder, isFirst: replaced is null);
            }

            Step(DirectoryStep.RenameManifest);
            File.Move(folder.Draft, folder.Manifest, overwrite: true);
            published = true;
            Step(DirectoryStep.SyncRename);
            DurableFiles.SyncFolder(folder.Path);
            return PublishResult.Published;
        }
        catch (IOException e) when (!published && DurableFiles.IsFull(e))
        {
            TryDelete(folder.Draft);
            return PublishResult.OverBudget;
        }
        finally
        {
            if (!published)
            {
                _ledger.Remove(folder.Path, owner.Tenant, file.Length, manifest: true);
            }
            else if (replaced is not null)
            {
                _ledger.Remove(folder.Path, owner.Tenant, replaced.Length, manifest: true);
            }
        }
    }

    /// <summary>The manifest goes first, so that no reader finds one whose frames are gone.</summary>
    private void DeleteCopy(string tenant, OwnerFolder folder, DirectoryManifest? manifest)
    {
        if (!Directory.Exists(folder.Path))
        {
            return;
        }

        Step(DirectoryStep.DeleteManifest);
        Delete(tenant, folder.Manifest, manifest: true);
        DurableFiles.SyncFolder(folder.Path);
        foreach (FrameId frame in manifest?.Frames ?? [.. folder.Frames().Select(f => f.Id)])
        {
            Delete(tenant, folder.Frame(frame), manifest: false);
        }

        RemoveIfEmpty(folder);
    }

    /// <summary>Deletes a file and gives its room back; whoever finds it gone already does neither.</summary>
    private void Delete(string tenant, string path, bool manifest)
    {
        Step(DirectoryStep.DeleteFrame);
        var file = new FileInfo(path);
        string grave = path + ".gone.tmp";
        string folder = file.DirectoryName!;
        using IDisposable change = _ledger.Changing(folder, tenant);
        try
        {
            long bytes = file.Length;
            File.Move(path, grave, overwrite: true);
            File.Delete(grave);
            _ledger.Remove(folder, tenant, bytes, manifest);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
        }
    }

    private void EnsureFolder(SnapshotOwner owner, OwnerFolder folder)
    {
        if (File.Exists(folder.OwnerFile))
        {
            return;
        }

        Step(DirectoryStep.CreateFolder);
        Directory.CreateDirectory(folder.Path);
        Step(DirectoryStep.WriteOwner);
        string draft = $"{folder.OwnerFile}.{Guid.NewGuid():n}.tmp";
        File.WriteAllBytes(draft, OwnerFolder.Describe(owner));
        File.Move(draft, folder.OwnerFile, overwrite: true);
    }

    /// <summary>
    /// Syncs at once all that must outlive a power failure before the manifest is renamed: the manifest itself, names of frames, and the
    /// first time the owner file and the folder's own name.
    /// </summary>
    private void SyncAll(SafeFileHandle draft, OwnerFolder folder, bool isFirst)
    {
        var syncs = new List<Action> { () => RandomAccess.FlushToDisk(draft), () => DurableFiles.SyncFolder(folder.Path) };
        if (isFirst)
        {
            syncs.Add(() => DurableFiles.SyncFolder(folder.TenantPath));
            syncs.Add(() => DurableFiles.SyncFolder(_root));
            syncs.Add(() =>
            {
                using SafeFileHandle owner = File.OpenHandle(folder.OwnerFile, FileMode.Open, FileAccess.ReadWrite);
                RandomAccess.FlushToDisk(owner);
            });
        }

        Task.WhenAll(syncs.Select(Task.Run)).GetAwaiter().GetResult();
    }

    private SafeFileHandle Write(string path, IReadOnlyList<ReadOnlyMemory<byte>> content)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        try
        {
            DurableFiles.Write(file, content);
            File.SetLastWriteTimeUtc(file, Now);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The sweeper takes it.
        }
    }

    private static void RemoveIfEmpty(OwnerFolder folder)
    {
        if (folder.Frames().Any() || File.Exists(folder.Manifest))
        {
            return;
        }

        TryDelete(folder.OwnerFile);
        TryDelete(folder.Draft);
        try
        {
            Directory.Delete(folder.Path);
            Directory.Delete(folder.TenantPath);
        }
        catch (IOException)
        {
            // Not empty: a save under way, or other sessions of the tenant.
        }
    }

    private void Step(DirectoryStep step) => _options.Before?.Invoke(step);

    private void RequireWritable()
    {
        if (_options.ReadOnly)
        {
            throw new InvalidOperationException("the store was opened for reading only");
        }
    }

    private ValueTask<T> Run<T>(Func<T> work, CancellationToken cancellationToken) => new(Task.Run(() => Guard(work), cancellationToken));

    private async ValueTask<T> Locked<T>(SnapshotOwner owner, Func<OwnerFolder, T> work, CancellationToken cancellationToken)
    {
        var folder = new OwnerFolder(_root, owner);
        SemaphoreSlim gate = GateOf(folder);
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Run(() => work(folder), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }
    }

    private SemaphoreSlim GateOf(OwnerFolder folder) =>
        _locks[(uint)StringComparer.Ordinal.GetHashCode(folder.Path) % (uint)_locks.Length];

    private static T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException($"the cold store's folder failed: {e.Message}", e);
        }
    }
}
