using System.Collections.Concurrent;
using System.Diagnostics;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Sampling;
using KVCluster.Worker.Serving;

namespace KVCluster.Benchmarks.Serving;

/// <summary>What the worker is measured by. Ratios are of one run.</summary>
internal static class Measurements
{
    /// <summary>Tokens a second of 1, 2, 4, 8 and 16 sessions that decode together, against one.</summary>
    public static async Task TogetherAsync(string path, int threads, int context, int tokens)
    {
        int[] counts = [1, 2, 4, 8, 16];
        await using var load = new Load(path, threads, (counts[^1] * (context + (3 * tokens))) + 2048);
        string[] sessions = [.. Enumerable.Range(0, counts[^1]).Select(i => $"s{i}")];
        int[][] histories = [.. sessions.Select((_, i) => load.Prompt(context, i))];
        for (int i = 0; i < sessions.Length; i++)
        {
            await load.AppendAsync(sessions[i], histories[i]);
        }

        await load.RunAsync(sessions[0], histories[0], [], tokens, null);
        Console.WriteLine($"decoding together, {context} tokens of context, {tokens} tokens each; the best of three, in turns");
        Console.WriteLine($"{"sessions",8} {"tokens/s",9} {"ratio",6} {"step ms",8} {"worker us a token",18}");
        double[] best = new double[counts.Length];
        var overhead = new double[counts.Length];
        var step = new double[counts.Length];
        for (int round = 0; round < 3; round++)
        {
            for (int c = 0; c < counts.Length; c++)
            {
                load.Backend.Reset();
                long start = Stopwatch.GetTimestamp();
                await Task.WhenAll(Enumerable.Range(0, counts[c]).Select(i => load.RunAsync(sessions[i], histories[i], [], tokens, null)));
                double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                double speed = counts[c] * tokens / seconds;
                if (speed > best[c])
                {
                    best[c] = speed;
                    double forward = load.Backend.Decoding.Seconds + load.Backend.Mixed.Seconds;
                    overhead[c] = (seconds - forward) / (counts[c] * tokens) * 1e6;
                    step[c] = load.Backend.Decoding.Seconds / load.Backend.Decoding.Steps * 1e3;
                }
            }
        }

        double sampling = SamplingMicroseconds(load);
        for (int c = 0; c < counts.Length; c++)
        {
            Console.WriteLine($"{counts[c],8} {best[c],9:F1} {best[c] / best[0],6:F2} {step[c],8:F2} {overhead[c],18:F1}");
        }

        Console.WriteLine($"of the worker's time, sampling: {sampling:F1} us a token");
    }

    /// <summary>The gaps between tokens of decoding sessions before and while a long prompt arrives.</summary>
    public static async Task DelayAsync(string path, int threads, int sessions, int context, int prompt)
    {
        const int Warm = 24;
        foreach (int chunk in new[] { 64, 128, 256 })
        {
            await using var load = new Load(
                path,
                threads,
                ((sessions + 1) * (context + 512)) + prompt,
                new DeviceWorkerOptions { IdleScores = null, PrefillChunkTokens = chunk, FairShareTokens = chunk });
            int[][] histories = [.. Enumerable.Range(0, sessions).Select(i => load.Prompt(context, i))];
            for (int i = 0; i < sessions; i++)
            {
                await load.AppendAsync($"s{i}", histories[i]);
            }

            var before = new ConcurrentBag<double>();
            var during = new ConcurrentBag<double>();
            using var stop = new CancellationTokenSource();
            int made = 0;
            var warm = new TaskCompletionSource();
            bool arriving = false;
            Task[] decoding = [.. Enumerable.Range(0, sessions).Select(async i =>
            {
                long last = 0;
                await foreach (TurnEvent happened in load.Worker.RunAsync(
                    new TurnRequest
                    {
                        Session = new SessionKey("benchmark", $"s{i}"),
                        Epoch = 1,
                        History = histories[i],
                        Prompt = ReadOnlyMemory<int>.Empty,
                        Sampling = new SamplingOptions { MaxTokens = 400, Temperature = 2, Seed = (ulong)i + 1 },
                    },
                    CancellationToken.None))
                {
                    long now = Stopwatch.GetTimestamp();
                    if (last != 0 && happened is TurnPiece)
                    {
                        (Volatile.Read(ref arriving) ? during : before).Add(Stopwatch.GetElapsedTime(last, now).TotalMilliseconds);
                    }

                    last = now;
                    if (Interlocked.Increment(ref made) == sessions * Warm)
                    {
                        warm.SetResult();
                    }

                    if (stop.IsCancellationRequested)
                    {
                        break;
                    }
                }
            })];
            await warm.Task;
            load.Backend.Reset();
            Volatile.Write(ref arriving, true);
            long start = Stopwatch.GetTimestamp();
            await load.AppendAsync("long", load.Prompt(prompt, 99));
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Volatile.Write(ref arriving, false);
            await stop.CancelAsync();
            await Task.WhenAll(decoding);
            double step = load.Backend.Mixed.Seconds / load.Backend.Mixed.Steps * 1e3;
            Console.WriteLine(
                $"chunk {chunk,4}: gap before {Median(before):F1} ms, while {prompt} tokens are prefilled {Median(during):F1} ms median, "
                + $"{during.Max():F1} ms worst; a mixed step {step:F1} ms; prefill took {seconds:F2} s");
        }
    }

    /// <summary>Managed bytes of idle sessions: evicted ones, and ones in the arena.</summary>
    public static async Task IdleAsync(string path, int threads, int sessions, int tokens)
    {
        await using var load = new Load(path, threads, (sessions / 10 * (((tokens + 31) / 32 * 32) + 32)) + 2048);
        int[] prompt = load.Prompt(tokens, 1);
        for (int i = 0; i < 100; i++)
        {
            await load.AppendAsync($"warm{i}", prompt);
        }

        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < sessions; i++)
        {
            await load.AppendAsync($"s{i}", prompt);
        }

        long held = GC.GetTotalMemory(forceFullCollection: true) - before;
        DeviceStatus status = load.Worker.Status();
        long ids = (long)status.Resident * tokens * sizeof(int);
        Console.WriteLine(
            $"{sessions} idle sessions of {tokens} tokens, {status.Resident} of them in the arena: "
            + $"{(double)(held - ids) / sessions:F0} managed bytes each beside the token ids");
        before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < sessions; i++)
        {
            await load.Worker.EvictAsync(new SessionKey("benchmark", $"s{i}"), 1, false, CancellationToken.None);
        }

        long freed = before - GC.GetTotalMemory(forceFullCollection: true);
        Console.WriteLine(
            $"in the arena: {(double)freed / status.Resident:F0} managed bytes each with {tokens * sizeof(int)} of token ids; evicted: "
            + $"{(double)(held - freed) / sessions:F0}");
    }

    private static double SamplingMicroseconds(Load load)
    {
        const int Rounds = 2000;
        var random = new Random(5);
        float[] logits = [.. Enumerable.Range(0, load.Model.Config.VocabularySize).Select(_ => random.NextSingle())];
        var sampler = new Sampler(new SamplingOptions(), logits.Length);
        sampler.Sample(logits);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Rounds; i++)
        {
            sampler.Sample(logits);
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / Rounds;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? 0 : sorted[sorted.Length / 2];
    }
}
