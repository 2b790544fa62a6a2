using KVCluster.Inference.Kv;
using KVCluster.Storage;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Directories;
using KVCluster.Worker;
using KVCluster.Worker.Serving;

namespace KVCluster.Grains.Tests;

/// <summary>Silos with real device workers, each with a model and an arena of its own, over one cold store on disk.</summary>
internal sealed class DeviceCluster : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvcluster-grains-").FullName;
    private readonly DirectoryBlobStore _blobs;
    private readonly SnapshotStore _store;

    private DeviceCluster(long coldBytes)
    {
        var budget = new BlobBudget { TotalBytes = coldBytes };
        _blobs = new DirectoryBlobStore(new DirectoryBlobStoreOptions { Path = _folder, Budget = budget });
        _store = new SnapshotStore(_blobs);
    }

    public GrainCluster Grains { get; private set; } = null!;

    public static async Task<DeviceCluster> StartAsync(
        int silos,
        Func<LocalModel> open,
        Action<GrainOptions>? configure = null,
        DeviceWorkerOptions? options = null,
        TimeProvider? time = null,
        ITenantTerms? terms = null,
        long coldBytes = 4L << 30,
        Func<ISnapshotStore, ISnapshotStore?>? store = null)
    {
        var cluster = new DeviceCluster(coldBytes);
        ISnapshotStore? cold = store is null ? cluster._store : store(cluster._store);
        cluster.Grains = await GrainCluster.StartAsync(
            silos,
            _ => [new DeviceWorker(open(), options ?? new DeviceWorkerOptions { IdleScores = null, LookupTimeout = Turns.Patience }, cold)],
            configure,
            time,
            Gone,
            terms);
        return cluster;
    }

    public ISessionGrain Session(string id) => Grains.Session(id);

    /// <summary>Sessions that have a cold copy.</summary>
    public async Task<List<SnapshotOwner>> ColdAsync()
    {
        List<SnapshotOwner> owners = [];
        await foreach (SnapshotOwner owner in _blobs.OwnersAsync(null, CancellationToken.None))
        {
            owners.Add(owner);
        }

        return owners;
    }

    /// <summary>
    /// Every node's memory is as it was before the first session, once the store has let go of what it was saving or loading.
    /// </summary>
    public async Task AssertEmptyAsync()
    {
        using var patience = new CancellationTokenSource(Turns.Patience);
        foreach (string node in Grains.Nodes)
        {
            DeviceWorker worker = Grains.Worker<DeviceWorker>(node);
            while (!IsEmpty(worker.Model) && !patience.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10));
            }

            Assert.True(IsEmpty(worker.Model), $"{node}: {worker.Status()}");
            worker.Model.Backend.Pool.CheckIntegrity();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Grains.DisposeAsync();
        await _store.DisposeAsync();
        await _blobs.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>However a node went, its worker gives back every page.</summary>
    private static void Gone(IDeviceWorker worker)
    {
        worker.Model.Backend.Pool.CheckIntegrity();
        Assert.True(IsEmpty(worker.Model), $"{worker.Status()}");
        worker.Model.Dispose();
    }

    private static bool IsEmpty(LocalModel model)
    {
        LedgerSnapshot ledger = model.Backend.Pool.Ledger.Snapshot();
        return ledger.FreePages == ledger.TotalPages && ledger is { EvictablePages: 0, PinnedPages: 0, ReservedPages: 0 };
    }
}
