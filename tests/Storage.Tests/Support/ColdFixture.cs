using KVCluster.Inference.Kv;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Directories;
using KVCluster.Storage.Encryption;

namespace KVCluster.Storage.Tests.Support;

/// <summary>A directory store in a folder of its own, snapshots on it, and an arena.</summary>
internal sealed class ColdFixture : IAsyncDisposable
{
    public static readonly SnapshotOwner Ann = new("acme", "ann");
    private readonly TemporaryFolder _folder = new();
    private readonly long? _tenantBudget;

    public ColdFixture(
        KvElementType type = KvElementType.F32,
        SnapshotStoreOptions? options = null,
        long budget = 256 << 20,
        bool staged = false,
        int pages = 2000,
        long? tenantBudget = null)
    {
        Arena = new TestArena(pages, type, staged: staged);
        Options = options ?? new SnapshotStoreOptions();
        Budget = budget;
        _tenantBudget = tenantBudget;
        Blobs = new FaultyStore(OpenDirectory());
        Store = new SnapshotStore(Blobs, Options);
    }

    public string Path => _folder.Path;

    public TestArena Arena { get; }

    public long Budget { get; }

    public SnapshotStoreOptions Options { get; private set; }

    public FaultyStore Blobs { get; private set; }

    public SnapshotStore Store { get; private set; }

    public SnapshotTerms Terms => new("model-1", Arena.Geometry);

    /// <summary>Small frames: a layer each, 64 slots.</summary>
    public static SnapshotStoreOptions Small { get; } = new() { SegmentTokens = 64, FrameBytes = 1 };

    public static ITenantKeys Keys(params string[] ids) =>
        TenantKeyRing.FromJson($"{{\"acme\": {{{string.Join(", ", ids.Select(id => $"\"{id}\": \"{Key(id)}\""))}}}}}");

    public static int[] Tokens(int count, int stream = 0) => [.. Enumerable.Range(0, count).Select(i => TestArena.Mix(i, stream) & 0xffff)];

    public async Task ReopenAsync(SnapshotStoreOptions? options = null, Action<DirectoryStep>? before = null)
    {
        await Store.DisposeAsync();
        Options = options ?? Options;
        Blobs = new FaultyStore(OpenDirectory(before));
        Store = new SnapshotStore(Blobs, Options);
    }

    public ValueTask<SnapshotSave> SaveAsync(
        KvCache cache, ReadOnlyMemory<int> tokens, long epoch = 1, SnapshotOwner? owner = null, byte[]? record = null) =>
        Store.SaveAsync(
            new SnapshotSource
            {
                Owner = owner ?? Ann,
                Terms = Terms,
                Epoch = epoch,
                Cache = cache,
                Tokens = tokens,
                CompressionRecord = record ?? [],
            },
            CancellationToken.None);

    public async Task PublishedAsync(KvCache cache, ReadOnlyMemory<int> tokens, long epoch = 1, SnapshotOwner? owner = null)
    {
        SnapshotSave save = await SaveAsync(cache, tokens, epoch, owner);
        Assert.True(save.Outcome == SaveOutcome.Published, save.Reason);
    }

    /// <summary>An exact copy, and beside it one of the same cache without every third slot; the caches go with the arena.</summary>
    public async Task<(KvCache Exact, KvCache Compressed)> PublishedBothAsync(int[] tokens, long compressedEpoch = 1)
    {
        KvCache exact = Arena.Cache(tokens);
        await PublishedAsync(exact, tokens);
        KvCache compressed = exact.Fork();
        Arena.Compact(compressed, (l, h, s) => s % 3 != 0);
        await PublishedAsync(compressed, tokens, compressedEpoch);
        return (exact, compressed);
    }

    public SnapshotQuery Query(ReadOnlyMemory<int> tokens, long epoch = 1, bool exactOnly = false, SnapshotOwner? owner = null) =>
        new() { Owner = owner ?? Ann, Terms = Terms, Epoch = epoch, Tokens = tokens, ExactOnly = exactOnly };

    /// <summary>Loads, checks what a miss must leave, and that find and load agree.</summary>
    public async Task<(SnapshotLoad Load, KvCache Cache)> LoadAsync(SnapshotQuery query)
    {
        KvCache cache = Arena.Empty();
        SnapshotLoad load = await Store.LoadAsync(query, cache, CancellationToken.None);
        if (load.Miss is not null)
        {
            Assert.Equal((0, 0, true, 0), (cache.LogicalLength, cache.PageCount, cache.IsExact, load.Tokens));
        }

        Arena.Pool.CheckIntegrity();
        return (load, cache);
    }

    public async Task<MissCause?> MissAsync(SnapshotQuery query)
    {
        var (load, cache) = await LoadAsync(query);
        cache.Dispose();
        return load.Miss;
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        Arena.Dispose();
        _folder.Dispose();
    }

    private static string Key(string id) =>
        Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(id)));

    private DirectoryBlobStore OpenDirectory(Action<DirectoryStep>? before = null) => new(new DirectoryBlobStoreOptions
    {
        Path = _folder.Path,
        Budget = new BlobBudget { TotalBytes = Budget, TenantBytes = _tenantBudget },
        SweepInterval = TimeSpan.Zero,
        Before = before,
    });
}
