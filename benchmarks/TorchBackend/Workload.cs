using System.Diagnostics;
using KVCluster.Compression;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Torch;

namespace KVCluster.Benchmarks.Torch;

/// <summary>One piece of work at a time on one backend, in seconds. Each ends with something on the host, so that the device is done.</summary>
internal sealed class Workload(TorchBackend backend, Settings settings)
{
    private const int Transfers = 8;

    private readonly float[] _logits = new float[backend.Model.VocabularySize];

    /// <summary>A prompt from nothing to its last token's logits.</summary>
    public double Prefill()
    {
        using KvCache cache = backend.CreateCache();
        Clock clock = Clock.Start();
        Append(cache, settings.Prompt);
        return clock.Seconds;
    }

    /// <summary>Tokens of so many sequences of the context's length, each with its logits; with observation as serving has it, or without.</summary>
    public double Decode(int sequences, bool observe)
    {
        KvCache[] caches = Filled(sequences, observe);
        ForwardRequest[] batch = [.. caches.Select(c => new ForwardRequest(c)
        {
            Tokens = new int[] { 5 },
            LogitsDestination = new float[_logits.Length],
        })];
        backend.Forward(batch);
        Clock clock = Clock.Start();
        for (int i = 0; i < settings.Generate; i++)
        {
            backend.Forward(batch);
        }

        double seconds = clock.Seconds;
        Array.ForEach(caches, c => c.Dispose());
        return seconds;
    }

    /// <summary>Every second row of a cache kept, at random: seconds and the bytes of rows moved.</summary>
    public (double Seconds, long Bytes) Compact()
    {
        KvCache cache = Filled(1, observe: false)[0];
        KvGeometry g = cache.Geometry;
        var random = new Random(1);
        int[][] kept = [.. Enumerable.Range(0, g.Heads)
            .Select(i => Enumerable.Range(0, cache.Length(i / g.KvHeads, i % g.KvHeads)).Where(_ => random.Next(2) == 0).ToArray())];
        Clock clock = Clock.Start();
        cache.Compact(new RetentionPlan(g.Layers, g.KvHeads, kept));
        Finish(cache);
        double seconds = clock.Seconds;
        cache.Dispose();
        return (seconds, kept.Sum(k => (long)k.Length) * 2 * (g.RowBytes + g.ScaleBytes));
    }

    /// <summary>All pages of a cache to the host, or back, a few times: seconds and bytes.</summary>
    public (double Seconds, long Bytes) Transfer(bool import)
    {
        using KvCache cache = Filled(1, observe: false)[0];
        int[] pages = Pages(cache);
        var bytes = new byte[pages.Length * cache.Geometry.PageBytes];

        // Once before: the first touch of fresh memory is the system's work.
        backend.Pool.Store.ExportPages(pages, bytes);
        Clock clock = Clock.Start();
        for (int i = 0; i < Transfers; i++)
        {
            if (import)
            {
                backend.Pool.Store.ImportPages(pages, bytes);
            }
            else
            {
                backend.Pool.Store.ExportPages(pages, bytes);
            }
        }

        Finish(cache);
        return (clock.Seconds, (long)Transfers * bytes.Length);
    }

    /// <summary>Seconds of one sequence's tokens while another's pages leave the device all the time, over those of the same tokens alone.</summary>
    public double DecodeBesideTransfers()
    {
        KvCache[] caches = Filled(2, observe: false);
        int[] pages = Pages(caches[1]);
        var bytes = new byte[pages.Length * caches[1].Geometry.PageBytes];
        double alone = Tokens(caches[0]);
        using var stop = new CancellationTokenSource();
        Task leaving = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                backend.Pool.Store.ExportPages(pages, bytes);
            }
        });
        double beside = Tokens(caches[0]);
        stop.Cancel();
        leaving.GetAwaiter().GetResult();
        Array.ForEach(caches, c => c.Dispose());
        return beside / alone;
    }

    private static int[] Pages(KvCache cache)
    {
        KvGeometry g = cache.Geometry;
        var pages = new List<int>();
        for (int i = 0; i < g.Heads; i++)
        {
            pages.AddRange(cache.KeyPages(i / g.KvHeads, i % g.KvHeads));
            pages.AddRange(cache.ValuePages(i / g.KvHeads, i % g.KvHeads));
        }

        return [.. pages];
    }

    private double Tokens(KvCache cache)
    {
        var request = new ForwardRequest(cache) { Tokens = new int[] { 5 }, LogitsDestination = _logits };
        backend.Forward([request]);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < settings.Generate / 2; i++)
        {
            backend.Forward([request]);
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private KvCache[] Filled(int sequences, bool observe)
    {
        var caches = new KvCache[sequences];
        for (int i = 0; i < sequences; i++)
        {
            caches[i] = backend.CreateCache(observe ? new ObservationOptions() : null);
            Append(caches[i], settings.Context);
        }

        return caches;
    }

    private void Append(KvCache cache, int tokens)
    {
        var ids = new int[tokens];
        for (int i = 0; i < tokens; i++)
        {
            ids[i] = 3 + (i * 7919 % 1500);
        }

        for (int i = 0; i < tokens; i += backend.MaxBatchTokens)
        {
            int count = Math.Min(backend.MaxBatchTokens, tokens - i);
            backend.Forward([new ForwardRequest(cache)
            {
                Tokens = ids.AsMemory(i, count),
                Logits = i + count == tokens ? LogitsRows.Last : LogitsRows.None,
                LogitsDestination = _logits,
            }]);
        }
    }

    // A row read back: the device has done what came before.
    private void Finish(KvCache cache) => backend.ReadKeys(cache, 0, 0, 0, 1, new float[backend.Model.HeadSize]);
}
