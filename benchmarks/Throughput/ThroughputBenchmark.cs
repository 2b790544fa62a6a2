using System.Diagnostics;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Cpu;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Benchmarks.Throughput;

/// <summary>
/// Prefill of N tokens with the logits of the last, then decoding token by token at N tokens of context, a greedy pick each: the same work
/// that peer/bench.mjs asks of llama.cpp.
/// </summary>
internal static class ThroughputBenchmark
{
    public static object Run(ThroughputSettings settings)
    {
        using LoadedModel model = ModelLoader.Open(settings.Model);
        var geometry = new KvGeometry(model.Config.Layers, model.Config.KvHeads, model.Config.HeadSize, settings.Kv);
        using var backend = new CpuBackend(model, new CpuBackendOptions
        {
            ArenaBytes = Math.Max(settings.ArenaMebibytes << 20, KvCapacity.BytesFor(geometry, settings.Prompts.Max() + settings.Generate)),
            KvType = settings.Kv,
            Threads = settings.Threads,
            PinThreads = settings.Pin,
            MaxBatchTokens = settings.Batch,
        });
        Measure(backend, settings, settings.Prompts.Min(), 4);
        var prefill = settings.Prompts.ToDictionary(p => p, _ => new List<double>());
        var decode = settings.Prompts.ToDictionary(p => p, _ => new List<double>());
        for (int i = 0; i < settings.Repeat; i++)
        {
            foreach (int prompt in settings.Prompts)
            {
                (double prefillSeconds, double decodeSeconds) = Measure(backend, settings, prompt, settings.Generate);
                prefill[prompt].Add(prompt / prefillSeconds);
                decode[prompt].Add(settings.Generate / decodeSeconds);
            }
        }

        return new
        {
            engine = "kvcluster",
            threads = settings.Threads,
            kv = settings.Kv.ToString().ToLowerInvariant(),
            repeat = settings.Repeat,
            generated = settings.Generate,
            prefill = Figures(prefill, r => r.Max()),
            decode = Figures(decode, r => r.Max()),
            median = new { prefill = Figures(prefill, Median), decode = Figures(decode, Median) },
            memory = Memory(backend),
        };
    }

    private static (double Prefill, double Decode) Measure(CpuBackend backend, ThroughputSettings settings, int prompt, int generate)
    {
        using KvCache cache = backend.CreateCache();
        var logits = new float[backend.Model.VocabularySize];
        var request = new ForwardRequest(cache) { LogitsDestination = logits };
        ForwardRequest[] batch = [request];
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < prompt; i += backend.MaxBatchTokens)
        {
            int count = Math.Min(backend.MaxBatchTokens, prompt - i);
            request.Tokens = settings.Ids.AsMemory(i, count);
            request.Logits = i + count == prompt ? LogitsRows.Last : LogitsRows.None;
            backend.Forward(batch);
        }

        double prefill = Stopwatch.GetElapsedTime(start).TotalSeconds;
        int picked = 0;
        start = Stopwatch.GetTimestamp();
        for (int i = 0; i < generate; i++)
        {
            request.Tokens = settings.Ids.AsMemory(prompt + i, 1);
            request.Logits = LogitsRows.Last;
            backend.Forward(batch);
            picked ^= System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(logits);
        }

        GC.KeepAlive(picked);
        return (prefill, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>What the process holds, with every page of the arena in use, against weights and arena as configured.</summary>
    private static object Memory(CpuBackend backend)
    {
        FillArena(backend);
        using var process = Process.GetCurrentProcess();
        BackendMemory memory = backend.Memory;
        return new
        {
            residentMiB = Mebibytes(process.WorkingSet64),
            weightsMiB = Mebibytes(memory.WeightBytes),
            arenaMiB = Mebibytes(memory.ArenaBytes),
            workspaceMiB = Mebibytes(memory.WorkspaceBytes),
            residentToConfigured = Math.Round((double)process.WorkingSet64 / (memory.WeightBytes + memory.ArenaBytes), 3),
        };
    }

    private static void FillArena(CpuBackend backend)
    {
        var page = new byte[backend.Pool.Geometry.PageBytes];
        page.AsSpan().Fill(1);
        var caches = new List<KvCache>();
        try
        {
            while (true)
            {
                KvCache cache = backend.CreateCache();
                caches.Add(cache);
                cache.PrepareAppend(backend.Pool.Geometry.PageTokens);
                for (int i = 0; i < backend.Pool.Geometry.Heads; i++)
                {
                    int layer = i / backend.Pool.Geometry.KvHeads;
                    int head = i % backend.Pool.Geometry.KvHeads;
                    backend.Pool.Store.ImportPages(cache.KeyPages(layer, head)[..1], page);
                    backend.Pool.Store.ImportPages(cache.ValuePages(layer, head)[..1], page);
                }
            }
        }
        catch (ArenaFullException)
        {
            caches.ForEach(cache => cache.Dispose());
        }
    }

    private static Dictionary<string, double> Figures(Dictionary<int, List<double>> rates, Func<List<double>, double> pick) =>
        rates.ToDictionary(r => r.Key.ToString(System.Globalization.CultureInfo.InvariantCulture), r => Math.Round(pick(r.Value), 2));

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static double Mebibytes(long bytes) => Math.Round(bytes / 1048576.0, 1);
}
