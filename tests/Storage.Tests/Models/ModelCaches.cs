using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Directories;
using KVCluster.Storage.Tests.Support;

namespace KVCluster.Storage.Tests.Models;

/// <summary>Caches of real models, and their way through a store.</summary>
internal static class ModelCaches
{
    private static readonly SnapshotOwner Ann = new("acme", "ann");

    public static CpuBackend Backend(LoadedModel model, KvElementType type, int tokens)
    {
        var geometry = new KvGeometry(model.Config.Layers, model.Config.KvHeads, model.Config.HeadSize, type, 32);
        return new CpuBackend(model, new CpuBackendOptions { ArenaBytes = 2 * KvCapacity.BytesFor(geometry, tokens), KvType = type });
    }

    public static async Task RoundTrip(LoadedModel model, KvCache original, KvCache copy, int[] tokens, SnapshotCodec codec)
    {
        using var folder = new TemporaryFolder();
        var blobs = new DirectoryBlobStore(new DirectoryBlobStoreOptions { Path = folder.Path, Budget = new BlobBudget { TotalBytes = 1L << 30 } });
        await using var store = new SnapshotStore(blobs, new SnapshotStoreOptions { Codec = codec, Keys = ColdFixture.Keys("k1") });
        var terms = new SnapshotTerms(model.Fingerprint, original.Geometry);
        using KvCache fork = original.Fork();
        SnapshotSave save = await store.SaveAsync(
            new SnapshotSource { Owner = Ann, Terms = terms, Epoch = 1, Cache = fork, Tokens = tokens }, CancellationToken.None);
        Assert.True(save.Outcome == SaveOutcome.Published, save.Reason);
        SnapshotLoad load = await store.LoadAsync(
            new SnapshotQuery { Owner = Ann, Terms = terms, Epoch = 1, Tokens = tokens }, copy, CancellationToken.None);
        Assert.Equal((null, tokens.Length), (load.Miss, load.Tokens));
    }

    /// <summary>Logits of every row appended.</summary>
    public static float[] Append(CpuBackend backend, KvCache cache, int[] tokens)
    {
        var logits = new List<float>();
        for (int i = 0; i < tokens.Length; i += 64)
        {
            int count = Math.Min(64, tokens.Length - i);
            var rows = new float[count * backend.Model.VocabularySize];
            backend.Forward([new ForwardRequest(cache) { Tokens = tokens.AsMemory(i, count), Logits = LogitsRows.All, LogitsDestination = rows }]);
            logits.AddRange(rows);
        }

        return [.. logits];
    }

    /// <summary>Appends a prompt without logits.</summary>
    public static void Prefill(CpuBackend backend, KvCache cache, int[] tokens)
    {
        for (int i = 0; i < tokens.Length; i += backend.MaxBatchTokens)
        {
            int count = Math.Min(backend.MaxBatchTokens, tokens.Length - i);
            backend.Forward([new ForwardRequest(cache) { Tokens = tokens.AsMemory(i, count), Logits = LogitsRows.None }]);
        }
    }
}
