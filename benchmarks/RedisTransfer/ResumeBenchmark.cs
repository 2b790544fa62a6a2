using System.Diagnostics;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Storage;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Redis;
using KVCluster.Storage.Redis.Blobs;

namespace KVCluster.Benchmarks.RedisTransfer;

/// <summary>Coming back to a conversation: its cache loaded from Redis, against its prefill.</summary>
internal static class ResumeBenchmark
{
    private static readonly SnapshotOwner Owner = new("benchmark", "session");

    public static async Task RunAsync(string path, int port, int rounds)
    {
        using LoadedModel model = ModelLoader.Open(path);
        string name = Path.GetFileName(path);
        Console.WriteLine($"{name}: load from Redis against prefill, {Environment.ProcessorCount} threads; best of {rounds}");
        Console.WriteLine($"{"tokens",7} {"kv",5} {"MiB",6} {"prefill s",10} {"save s",8} {"load s",8} {"GB/s",6} {"prefill/load",13}");
        foreach (KvElementType type in new[] { KvElementType.F32, KvElementType.BF16 })
        {
            foreach (int tokens in new[] { 2048, 4096 })
            {
                await RunAsync(model, port, type, tokens, rounds);
            }
        }
    }

    private static async Task RunAsync(LoadedModel model, int port, KvElementType type, int tokens, int rounds)
    {
        ModelConfig config = model.Config;
        var geometry = new KvGeometry(config.Layers, config.KvHeads, config.HeadSize, type, 32);
        using var backend = new CpuBackend(model, new CpuBackendOptions
        {
            ArenaBytes = KvCapacity.BytesFor(geometry, (2 * tokens) + 64),
            KvType = type,
            PageTokens = geometry.PageTokens,
        });
        var random = new Random(1);
        int[] history = [.. Enumerable.Range(0, tokens).Select(_ => random.Next(config.VocabularySize))];
        await using var client = new RedisClient(RedisOptions.Parse($"127.0.0.1:{port}"));
        var options = new RedisBlobStoreOptions { Budget = new BlobBudget { TotalBytes = 1L << 40 } };
        await using var store = new SnapshotStore(new RedisBlobStore(client, options));
        var terms = new SnapshotTerms(model.Fingerprint, geometry);
        double prefill = double.MaxValue;
        double save = double.MaxValue;
        double load = double.MaxValue;
        long bytes = 0;
        for (int round = 0; round < rounds; round++)
        {
            using KvCache cache = backend.CreateCache();
            prefill = Math.Min(prefill, Prefill(backend, cache, history));
            await store.DeleteAsync(Owner, 1, default);
            SnapshotSave saved = await store.SaveAsync(
                new SnapshotSource { Owner = Owner, Terms = terms, Epoch = 1, Cache = cache, Tokens = history }, default);
            save = saved.Outcome == SaveOutcome.Published
                ? Math.Min(save, saved.Seconds)
                : throw new InvalidOperationException(saved.Reason);
            using KvCache copy = backend.CreateCache();
            var query = new SnapshotQuery { Owner = Owner, Terms = terms, Epoch = 1, Tokens = history };
            SnapshotLoad loaded = await store.LoadAsync(query, copy, default);
            load = loaded.Tokens == tokens ? Math.Min(load, loaded.Seconds) : throw new InvalidOperationException($"a miss: {loaded.Miss}");
            bytes = loaded.Bytes;
        }

        Console.WriteLine($"{tokens,7} {type,5} {bytes / 1048576.0,6:F1} {prefill,10:F2} {save,8:F3} {load,8:F3} "
            + $"{bytes / load / 1e9,6:F2} {prefill / load,11:F0} x");
    }

    private static double Prefill(CpuBackend backend, KvCache cache, int[] history)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < history.Length; i += backend.MaxBatchTokens)
        {
            int count = Math.Min(backend.MaxBatchTokens, history.Length - i);
            backend.Forward([new ForwardRequest(cache) { Tokens = history.AsMemory(i, count), Logits = LogitsRows.None }]);
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
