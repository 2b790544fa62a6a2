using System.Diagnostics;
using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Torch;
using TorchSharp;

namespace KVCluster.Benchmarks.Torch;

/// <summary>
/// Steps of sessions that come, fork, are compacted, cut and go, and what memory is held every tenth of the way: a line that rises is a leak.
/// </summary>
internal static class Flatness
{
    private const int Sessions = 4;

    public static void Run(Settings settings, int steps)
    {
        ModelConfig config = Shape.Config(settings.Shape);
        using LoadedModel model = RandomWeights.Create(config);
        var geometry = new KvGeometry(config.Layers, config.KvHeads, config.HeadSize, settings.Kv);
        using var backend = new TorchBackend(model, new TorchBackendOptions
        {
            Device = settings.Device,
            ComputeType = settings.Type,
            KvType = settings.Kv,
            ArenaBytes = 2 * Sessions * KvCapacity.BytesFor(geometry, settings.Context),
            Threads = settings.Threads,
        });
        Console.WriteLine("steps  tensors alive  workspace KiB  resident MiB  arena KiB in use");
        var random = new Random(1);
        List<KvCache> caches = [];
        for (int step = 1; step <= steps; step++)
        {
            Step(backend, caches, random, settings.Context);
            if (step % (steps / 10) == 0)
            {
                using var process = Process.GetCurrentProcess();
                LedgerSnapshot ledger = backend.Pool.Ledger.Snapshot();
                Console.WriteLine(
                    $"{step,5}  {DisposeScopeManager.Statistics.ThreadTotalLiveCount,13}  {backend.Memory.WorkspaceBytes >> 10,13}  "
                    + $"{process.WorkingSet64 >> 20,12}  {(ledger.TotalBytes - ledger.FreeBytes) >> 10,16}");
            }
        }

        caches.ForEach(c => c.Dispose());
        backend.Pool.CheckIntegrity();
        Console.WriteLine($"after the last session: {backend.Pool.Ledger.Snapshot().FreeBytes == backend.Pool.Ledger.Snapshot().TotalBytes} (all pages free)");
    }

    private static void Step(TorchBackend backend, List<KvCache> caches, Random random, int context)
    {
        if (caches.Count < Sessions)
        {
            caches.Add(backend.CreateCache(new ObservationOptions((QueryAggregation)random.Next(2))));
        }

        backend.Forward([.. caches.Select(c => new ForwardRequest(c)
        {
            Tokens = Enumerable.Range(0, random.Next(10) == 0 ? 24 : 1).Select(_ => random.Next(backend.Model.VocabularySize)).ToArray(),
            Logits = LogitsRows.None,
        })]);
        KvCache one = caches[random.Next(caches.Count)];
        switch (random.Next(20))
        {
            case 0:
                one.Compact(Half(one, random));
                break;
            case 1:
                caches.Remove(one);
                one.Dispose();
                break;
            case 2:
                one.Fork().Dispose();
                break;
            default:
                one.Truncate(one.LogicalLength > context ? one.LogicalLength / 2 : one.LogicalLength);
                break;
        }
    }

    private static RetentionPlan Half(KvCache cache, Random random)
    {
        KvGeometry g = cache.Geometry;
        return new RetentionPlan(g.Layers, g.KvHeads, [.. Enumerable.Range(0, g.Heads)
            .Select(i => Enumerable.Range(0, cache.Length(i / g.KvHeads, i % g.KvHeads)).Where(_ => random.Next(2) == 0).ToArray())]);
    }
}
