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
    private const int Points = 200;

    /// <param name="settings">Shapes and device.</param>
    /// <param name="steps">How many.</param>
    /// <param name="plot">Where the picture goes; null: none.</param>
    public static void Run(Settings settings, int steps, string? plot)
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
        List<FlatnessPoint> points = [];
        List<KvCache> caches = [];
        for (int step = 1; step <= steps; step++)
        {
            Step(backend, caches, random, settings.Context);
            if (step % Math.Max(1, steps / Points) == 0)
            {
                points.Add(Point(backend, step));
            }

            if (step % Math.Max(1, steps / 10) == 0)
            {
                FlatnessPoint p = points[^1];
                Console.WriteLine($"{p.Step,5}  {p.Tensors,13}  {p.WorkspaceBytes >> 10,13}  {p.ResidentBytes >> 20,12}  {p.ArenaBytes >> 10,16}");
            }
        }

        if (plot is not null)
        {
            File.WriteAllText(plot, FlatnessPlot.Of(points, FormattableString.Invariant(
                $"Memory held over {steps:N0} steps of {Sessions} sessions that come, fork, are compacted, cut and go ({settings.Shape}, {settings.Device})")));
        }

        caches.ForEach(c => c.Dispose());
        backend.Pool.CheckIntegrity();
        Console.WriteLine($"after the last session: {backend.Pool.Ledger.Snapshot().FreeBytes == backend.Pool.Ledger.Snapshot().TotalBytes} (all pages free)");
    }

    private static FlatnessPoint Point(TorchBackend backend, int step)
    {
        using var process = Process.GetCurrentProcess();
        LedgerSnapshot ledger = backend.Pool.Ledger.Snapshot();
        return new FlatnessPoint(
            step, DisposeScopeManager.Statistics.ThreadTotalLiveCount, backend.Memory.WorkspaceBytes, process.WorkingSet64, ledger.TotalBytes - ledger.FreeBytes);
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
