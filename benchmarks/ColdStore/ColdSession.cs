using System.Diagnostics;
using System.Security.Cryptography;
using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tokenization;
using KVCluster.Storage;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Directories;
using KVCluster.Storage.Encryption;

namespace KVCluster.Benchmarks.ColdStore;

/// <summary>A session of a model, prefilled once, saved to a directory store and loaded from it.</summary>
internal sealed class ColdSession : IDisposable
{
    private static readonly SnapshotOwner Owner = new("benchmark", "session");
    private readonly string _folder;
    private readonly LoadedModel _model;
    private readonly CpuBackend _backend;
    private readonly KvCache _cache;
    private readonly int[] _tokens;

    public ColdSession(string path, int tokens, KvElementType type, string folder)
    {
        _folder = Directory.CreateDirectory(folder).FullName;
        _model = ModelLoader.Open(path);
        ModelConfig config = _model.Config;
        var geometry = new KvGeometry(config.Layers, config.KvHeads, config.HeadSize, type, 32);
        _backend = new CpuBackend(_model, new CpuBackendOptions { ArenaBytes = 3 * KvCapacity.BytesFor(geometry, tokens + 32), KvType = type });
        _tokens = Text(tokens);
        _cache = _backend.CreateCache();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < tokens; i += _backend.MaxBatchTokens)
        {
            int count = Math.Min(_backend.MaxBatchTokens, tokens - i);
            _backend.Forward([new ForwardRequest(_cache) { Tokens = _tokens.AsMemory(i, count), Logits = LogitsRows.None }]);
        }

        PrefillSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public double PrefillSeconds { get; }

    /// <summary>Bytes of the rows of the whole cache.</summary>
    public long Bytes => _tokens.Length * _cache.Geometry.BytesPerToken;

    public async Task<ColdResult> RunAsync(ColdCase how, int repeat)
    {
        using KvCache fork = _cache.Fork();
        if (how.KeepOneIn > 1)
        {
            int[] kept = [.. Enumerable.Range(0, _tokens.Length).Where(i => i % how.KeepOneIn == 0)];
            fork.Compact(new RetentionPlan(fork.Geometry.Layers, fork.Geometry.KvHeads, [.. Enumerable.Repeat(kept, fork.Geometry.Heads)]));
        }

        string key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(TenantKey.Bytes));
        var options = new SnapshotStoreOptions
        {
            Codec = how.Codec,
            Keys = how.Encrypted ? TenantKeyRing.FromJson($"{{\"*\": {{\"1\": \"{key}\"}}}}") : null,
        };
        double save = double.MaxValue;
        double load = double.MaxValue;
        SnapshotSave? saved = null;
        for (int r = 0; r < repeat; r++)
        {
            string place = Path.Combine(_folder, "store");
            var blobs = new DirectoryBlobStore(new DirectoryBlobStoreOptions { Path = place, Budget = new BlobBudget { TotalBytes = 1L << 40 } });
            await using (var store = new SnapshotStore(blobs, options))
            {
                saved = await SaveAsync(store, fork);
                save = Math.Min(save, saved.Seconds);
                load = Math.Min(load, await LoadAsync(store));
            }

            Directory.Delete(place, recursive: true);
        }

        long rows = Bytes * fork.Length(0, 0) / _tokens.Length;
        return new ColdResult(rows, saved!.StoredBytes, save, load);
    }

    public void Dispose()
    {
        _cache.Dispose();
        _backend.Dispose();
        _model.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<SnapshotSave> SaveAsync(SnapshotStore store, KvCache cache)
    {
        SnapshotSave save = await store.SaveAsync(
            new SnapshotSource { Owner = Owner, Terms = Terms(), Epoch = 1, Cache = cache, Tokens = _tokens }, CancellationToken.None);
        return save.Outcome == SaveOutcome.Published ? save : throw new InvalidOperationException(save.Reason);
    }

    private async Task<double> LoadAsync(SnapshotStore store)
    {
        using KvCache copy = _backend.CreateCache();
        SnapshotLoad load = await store.LoadAsync(
            new SnapshotQuery { Owner = Owner, Terms = Terms(), Epoch = 1, Tokens = _tokens }, copy, CancellationToken.None);
        return load.Miss is null ? load.Seconds : throw new InvalidOperationException($"a miss: {load.Miss}");
    }

    private SnapshotTerms Terms() => new(_model.Fingerprint, _cache.Geometry);

    /// <summary>Words in no order: a text, so that keys and values are as large as they are in use.</summary>
    private int[] Text(int tokens)
    {
        string[] words = "the a river stone of memory and light was carried under old water while seven names were kept by nobody at all".Split(' ');
        var random = new Random(1);
        string text = string.Join(' ', Enumerable.Range(0, 2 * tokens).Select(_ => words[random.Next(words.Length)]));
        int[] ids = Tokenizer.Load(_model).Encode(text, parseSpecial: false);
        return ids.Length >= tokens ? ids[..tokens] : throw new InvalidOperationException("the text is too short");
    }
}
