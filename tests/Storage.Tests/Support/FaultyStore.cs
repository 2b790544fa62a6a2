using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Tests.Support;

/// <summary>Passes everything on, and lets a test come between.</summary>
internal sealed class FaultyStore(IBlobStore inner) : IBlobStore
{
    public IBlobStore Inner => inner;

    public Func<StoredManifest?, StoredManifest?>? OnManifest { get; set; }

    public Func<FrameId, Task>? BeforeRead { get; set; }

    public Func<FrameId, IReadOnlyList<Memory<byte>>, FrameRead, FrameRead>? AfterRead { get; set; }

    public Func<FrameId, FrameWrite?>? OnWrite { get; set; }

    public Func<Task>? BeforePublish { get; set; }

    public Action? AfterPublish { get; set; }

    public Exception? DeleteFault { get; set; }

    public int FramesRead { get; private set; }

    public string Name => inner.Name;

    public int Parallelism => inner.Parallelism;

    public async ValueTask<StoredManifest?> ReadManifestAsync(SnapshotOwner owner, CancellationToken cancellationToken)
    {
        StoredManifest? stored = await inner.ReadManifestAsync(owner, cancellationToken);
        return OnManifest is null ? stored : OnManifest(stored);
    }

    public async ValueTask<FrameRead> ReadFrameAsync(
        SnapshotOwner owner, FrameId frame, IReadOnlyList<Memory<byte>> destination, CancellationToken cancellationToken)
    {
        FramesRead++;
        if (BeforeRead is not null)
        {
            await BeforeRead(frame);
        }

        FrameRead read = await inner.ReadFrameAsync(owner, frame, destination, cancellationToken);
        return AfterRead is null ? read : AfterRead(frame, destination, read);
    }

    public ValueTask<FrameWrite> WriteFrameAsync(
        SnapshotOwner owner, FrameId frame, IReadOnlyList<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken) =>
        OnWrite?.Invoke(frame) is { } refused
            ? ValueTask.FromResult(refused)
            : inner.WriteFrameAsync(owner, frame, content, cancellationToken);

    public async ValueTask<PublishResult> PublishAsync(SnapshotOwner owner, ManifestPublication publication, CancellationToken cancellationToken)
    {
        if (BeforePublish is not null)
        {
            await BeforePublish();
        }

        PublishResult result = await inner.PublishAsync(owner, publication, cancellationToken);
        AfterPublish?.Invoke();
        return result;
    }

    public ValueTask DeleteFramesAsync(SnapshotOwner owner, IReadOnlyList<FrameId> frames, CancellationToken cancellationToken) =>
        DeleteFault is null ? inner.DeleteFramesAsync(owner, frames, cancellationToken) : throw DeleteFault;

    public ValueTask<bool> DeleteAsync(SnapshotOwner owner, long epoch, CancellationToken cancellationToken) =>
        inner.DeleteAsync(owner, epoch, cancellationToken);

    public ValueTask RenewAsync(SnapshotOwner owner, IReadOnlyList<FrameId> frames, CancellationToken cancellationToken) =>
        inner.RenewAsync(owner, frames, cancellationToken);

    public ValueTask<BlobStatistics> StatisticsAsync(CancellationToken cancellationToken) => inner.StatisticsAsync(cancellationToken);

    public IAsyncEnumerable<SnapshotOwner> OwnersAsync(string? tenant, CancellationToken cancellationToken) =>
        inner.OwnersAsync(tenant, cancellationToken);

    public ValueTask<IReadOnlyList<SnapshotOwner>> LeastRecentlyUsedAsync(string? tenant, int count, CancellationToken cancellationToken) =>
        inner.LeastRecentlyUsedAsync(tenant, count, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
