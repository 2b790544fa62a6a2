using System.Runtime.CompilerServices;
using KVCluster.Storage.Blobs;
using Microsoft.Win32.SafeHandles;

namespace KVCluster.Storage.Directories;

/// <summary>
/// Copies in a folder of a local disk, one process at a time. A frame is a file, synced before its save goes on; a manifest is written
/// aside, synced and renamed into place, so that a power failure at any instant leaves the earlier one or the later one. What a crash
/// leaves behind without a name, and what nobody used for the time to live, the sweeper removes.
/// </summary>
public sealed partial class DirectoryBlobStore : IBlobStore
{
    private readonly DirectoryBlobStoreOptions _options;
    private readonly string _root;
    private readonly BlobLedger _ledger;
    private readonly SemaphoreSlim[] _locks = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];
    private readonly FileStream? _processLock;
    private readonly ITimer? _timer;

    /// <summary>
    /// Opens or makes the folder and counts what is in it. A <see cref="StoreUnavailableException"/> says why it cannot be used.
    /// </summary>
    public DirectoryBlobStore(DirectoryBlobStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.Path);
        _options = options;
        _root = Path.GetFullPath(options.Path);
        _ledger = new BlobLedger(options.Budget);
        try
        {
            if (!options.ReadOnly)
            {
                Directory.CreateDirectory(_root);
                _processLock = new FileStream(Path.Combine(_root, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }

            Count();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _processLock?.Dispose();
            throw new StoreUnavailableException($"the cold store {_root} cannot be opened (is another process using it?): {e.Message}", e);
        }

        if (!options.ReadOnly && options.SweepInterval > TimeSpan.Zero)
        {
            _timer = options.Time.CreateTimer(_ => SweepQuietly(), null, options.SweepInterval, options.SweepInterval);
        }
    }

    /// <inheritdoc/>
    public string Name => "directory";

    /// <inheritdoc/>
    public int Parallelism => _options.Parallelism;

    /// <inheritdoc/>
    public ValueTask<StoredManifest?> ReadManifestAsync(SnapshotOwner owner, CancellationToken cancellationToken) =>
        Run(
            () =>
            {
                var folder = new OwnerFolder(_root, owner);
                if (ReadFile(folder.Manifest) is not { } file || IsExpired(folder))
                {
                    return null;
                }

                return DirectoryManifest.Read(file) is { } manifest
                    ? new StoredManifest { Stamp = manifest.Stamp, Body = manifest.Body }
                    : new StoredManifest { Stamp = default, Body = default, IsDamaged = true };
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<FrameRead> ReadFrameAsync(
        SnapshotOwner owner, FrameId frame, IReadOnlyList<Memory<byte>> destination, CancellationToken cancellationToken) =>
        Run(
            () =>
            {
                try
                {
                    using SafeFileHandle file = File.OpenHandle(
                        new OwnerFolder(_root, owner).Frame(frame), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
                    bool fits = RandomAccess.GetLength(file) == destination.Sum(d => (long)d.Length);
                    return fits && DurableFiles.Read(file, destination) ? FrameRead.Read : FrameRead.WrongLength;
                }
                catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
                {
                    return FrameRead.Missing;
                }
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<FrameWrite> WriteFrameAsync(
        SnapshotOwner owner, FrameId frame, IReadOnlyList<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken)
    {
        RequireWritable();
        return Run(() => WriteFrame(owner, new OwnerFolder(_root, owner), frame, content), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<PublishResult> PublishAsync(SnapshotOwner owner, ManifestPublication publication, CancellationToken cancellationToken)
    {
        RequireWritable();
        return Locked(owner, folder => Publish(owner, folder, publication), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteFramesAsync(SnapshotOwner owner, IReadOnlyList<FrameId> frames, CancellationToken cancellationToken)
    {
        RequireWritable();
        await Run(
            () =>
            {
                var folder = new OwnerFolder(_root, owner);
                foreach (FrameId frame in frames)
                {
                    Delete(owner.Tenant, folder.Frame(frame), manifest: false);
                }

                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<bool> DeleteAsync(SnapshotOwner owner, long epoch, CancellationToken cancellationToken)
    {
        RequireWritable();
        return Locked(
            owner,
            folder =>
            {
                DirectoryManifest? manifest = Present(folder);
                if (manifest?.Stamp.Epoch > epoch)
                {
                    return false;
                }

                DeleteCopy(owner.Tenant, folder, manifest);
                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask RenewAsync(SnapshotOwner owner, IReadOnlyList<FrameId> frames, CancellationToken cancellationToken)
    {
        // Frames live as long as the manifest that names them.
        if (_options.ReadOnly)
        {
            return;
        }

        await Run(
            () =>
            {
                string path = new OwnerFolder(_root, owner).Manifest;
                if (File.Exists(path))
                {
                    File.SetLastWriteTimeUtc(path, Now);
                }

                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<BlobStatistics> StatisticsAsync(CancellationToken cancellationToken) => new(_ledger.Statistics());

    /// <inheritdoc/>
    public async IAsyncEnumerable<SnapshotOwner> OwnersAsync(string? tenant, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<SnapshotOwner> owners = await Run(
            () => Folders().Where(f => File.Exists(f.Manifest) && !IsExpired(f)).Select(f => f.ReadOwner()).OfType<SnapshotOwner>().ToList(),
            cancellationToken).ConfigureAwait(false);
        foreach (SnapshotOwner owner in owners.Where(o => tenant is null || o.Tenant == tenant))
        {
            yield return owner;
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SnapshotOwner>> LeastRecentlyUsedAsync(string? tenant, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return Run<IReadOnlyList<SnapshotOwner>>(
            () => [.. Folders().Select(f => (Folder: f, Manifest: new FileInfo(f.Manifest)))
                .Where(f => f.Manifest.Exists)
                .OrderBy(f => f.Manifest.LastWriteTimeUtc)
                .Select(f => f.Folder.ReadOwner())
                .OfType<SnapshotOwner>()
                .Where(o => tenant is null || o.Tenant == tenant)
                .Take(count)],
            cancellationToken);
    }

    /// <summary>Waits for a sweep under way and gives the folder free.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_timer is not null)
        {
            await _timer.DisposeAsync().ConfigureAwait(false);
        }

        _processLock?.Dispose();
    }
}
