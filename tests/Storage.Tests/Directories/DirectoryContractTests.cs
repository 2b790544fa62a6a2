using KVCluster.Storage.Blobs;
using KVCluster.Storage.Directories;
using KVCluster.Storage.Tests.Blobs;

namespace KVCluster.Storage.Tests.Directories;

public sealed class DirectoryContractTests : BlobStoreContract
{
    private readonly ManualTime _time = new();
    private readonly List<TemporaryFolder> _folders = [];
    private DirectoryBlobStore? _store;

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _folders.ForEach(f => f.Dispose());
    }

    protected override Task<IBlobStore> OpenAsync(BlobBudget budget, TimeSpan timeToLive)
    {
        var folder = new TemporaryFolder();
        _folders.Add(folder);
        _store = new DirectoryBlobStore(new DirectoryBlobStoreOptions
        {
            Path = folder.Path,
            Budget = budget,
            TimeToLive = timeToLive,
            OrphanAge = timeToLive,
            SweepInterval = TimeSpan.Zero,
            Time = _time,
        });
        return Task.FromResult<IBlobStore>(_store);
    }

    protected override async Task PassAsync(TimeSpan time)
    {
        _time.Advance(time);
        await _store!.SweepAsync(CancellationToken.None);
    }
}
