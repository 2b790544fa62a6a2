using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Inference.Torch;
using TorchSharp;

namespace KVCluster.Benchmarks.Torch;

/// <summary>Runs everything, this backend and the peer in turn so that noise hits both, and prints the best of the rounds.</summary>
internal static class Report
{
    public static void Run(Settings settings, string? python, string script)
    {
        ModelConfig config = Shape.Config(settings.Shape);
        using LoadedModel model = RandomWeights.Create(config);
        var geometry = new KvGeometry(config.Layers, config.KvHeads, config.HeadSize, settings.Kv);
        int tokens = Math.Max(settings.Prompt, Math.Max(2, settings.Batches.Max()) * (settings.Context + settings.Generate + 64));
        using var backend = new TorchBackend(model, new TorchBackendOptions
        {
            Device = settings.Device,
            ComputeType = settings.Type,
            KvType = settings.Kv,
            ArenaBytes = KvCapacity.BytesFor(geometry, tokens),
            Threads = settings.Threads,
        });
        bool cuda = backend.Device != "cpu";
        torch.ScalarType compute = settings.Type is TorchComputeType.F32 || !cuda ? torch.ScalarType.Float32 : torch.ScalarType.BFloat16;
        DevicePeak peak = DevicePeak.Measure(new torch.Device(backend.Device), compute);
        Console.WriteLine($"{settings.Shape} on {backend.Device}, {settings.Threads} threads, {settings.Kv} cache, weights {backend.Memory.WeightBytes >> 20} MiB");
        Console.WriteLine($"measured peak: {peak.BytesPerSecond / 1e9:f1} GB/s copying, {peak.FlopsPerSecond / 1e9:f0} GFLOP/s multiplying");
        var best = new Dictionary<string, double>();
        var peers = new Dictionary<string, double>();
        var work = new Workload(backend, settings);
        for (int round = 0; round <= settings.Rounds; round++)
        {
            Dictionary<string, double> measured = Measure(work, settings);
            if (round == 0)
            {
                continue;
            }

            Join(best, measured);
            if (python is not null)
            {
                Join(peers, Peer.Run(python, script, settings));
            }
        }

        Print(settings, config, backend, peak, best, peers);
    }

    private static Dictionary<string, double> Measure(Workload work, Settings settings)
    {
        var measured = new Dictionary<string, double> { ["prefill"] = settings.Prompt / work.Prefill() };
        foreach (int batch in settings.Batches)
        {
            measured[$"decode{batch}"] = batch * settings.Generate / work.Decode(batch, observe: false);
            measured[$"observed{batch}"] = batch * settings.Generate / work.Decode(batch, observe: true);
        }

        (double seconds, long bytes) = work.Compact();
        measured["compact"] = 2 * bytes / seconds;
        (seconds, bytes) = work.Transfer(import: false);
        measured["export"] = bytes / seconds;
        (seconds, bytes) = work.Transfer(import: true);
        measured["import"] = bytes / seconds;
        if (settings.Device != "cpu")
        {
            // Where the processor computes as well, the two would only share it.
            measured["beside"] = 1 / work.DecodeBesideTransfers();
        }

        return measured;
    }

    private static void Join(Dictionary<string, double> best, Dictionary<string, double> measured)
    {
        foreach ((string name, double value) in measured)
        {
            best[name] = Math.Max(best.GetValueOrDefault(name), value);
        }
    }

    private static void Print(
        Settings settings, ModelConfig config, TorchBackend backend, DevicePeak peak, Dictionary<string, double> best, Dictionary<string, double> peers)
    {
        long weights = backend.Memory.WeightBytes;
        double flops = 2.0 * weights / (backend.Device == "cpu" || settings.Type == TorchComputeType.F32 ? 4 : 2);
        Line("prefill", $"{best["prefill"]:f1} tokens/s", best["prefill"] * flops / peak.FlopsPerSecond, peers);
        foreach (int batch in settings.Batches)
        {
            // A step reads all weights once, and each sequence's cache.
            long cache = (long)batch * settings.Context * backend.Pool.Geometry.BytesPerToken;
            double steps = best[$"decode{batch}"] / batch;
            double bandwidth = steps * (weights + cache);
            Line($"decode{batch}", $"{best[$"decode{batch}"]:f1} tokens/s, {bandwidth / 1e9:f1} GB/s", bandwidth / peak.BytesPerSecond, peers);
            Console.WriteLine($"  with attention observed: {best[$"observed{batch}"]:f1} tokens/s");
            if (peers.TryGetValue($"decode{batch}", out double plain))
            {
                Console.WriteLine($"  with attention observed: {best[$"observed{batch}"] / plain:f2} of plain PyTorch");
            }
        }

        Line("compact", $"{best["compact"] / 1e9:f2} GB/s read and written, half of {config.Layers} layers' rows", best["compact"] / peak.BytesPerSecond, peers);
        Line("export", $"{best["export"] / 1e9:f2} GB/s to the host", best["export"] / peak.BytesPerSecond, peers);
        Line("import", $"{best["import"] / 1e9:f2} GB/s from the host", best["import"] / peak.BytesPerSecond, peers);
        if (best.TryGetValue("beside", out double beside))
        {
            Console.WriteLine($"decode1 while pages leave the device: {beside:f2} of decode1 alone");
        }
    }

    private static void Line(string name, string figure, double share, Dictionary<string, double> peers)
    {
        Console.WriteLine($"{name}: {figure}, {share:p0} of the measured peak");
        if (peers.TryGetValue(name, out double plain))
        {
            double own = double.Parse(figure.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
            Console.WriteLine($"  plain PyTorch: {plain:f1} tokens/s; this backend: {own / plain:f2} of it");
        }
    }
}
