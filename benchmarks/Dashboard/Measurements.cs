using System.Diagnostics;
using KVCluster.Grains;
using KVCluster.Inference.Sampling;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Serving;
using KVCluster.Silo.Telemetry;
using KVCluster.Worker.Serving;

namespace KVCluster.Benchmarks.Dashboard;

/// <summary>What operators' tools cost the server.</summary>
internal static class Measurements
{
    /// <summary>Processor time and memory of a server under a steady load, without dashboards and with many open.</summary>
    public static async Task ViewersAsync(int viewers, int sessions, int seconds)
    {
        await using Server server = await Server.StartAsync(64 << 20);
        await server.FillAsync(sessions);
        using var enough = new CancellationTokenSource();
        Task load = Task.WhenAll(Enumerable.Range(0, 4).Select(i => TalkAsync(server, $"load-{i}", enough.Token)));
        await UseAsync(seconds / 3);
        (double alone, long before) = await UseAsync(seconds);
        double watched;
        long after;
        await using (await Viewers.OpenAsync(server.Host.Address, viewers))
        {
            await UseAsync(seconds / 3);
            (watched, after) = await UseAsync(seconds);
        }

        (double again, _) = await UseAsync(seconds);
        await enough.CancelAsync();
        await load;
        double without = (alone + again) / 2;
        Console.WriteLine(
            $"{viewers} dashboards, {sessions} sessions, 4 of them talking: {100 * (watched - without):0.0} % of a core more "
            + $"({100 * without:0.0} % without, {100 * watched:0.0} % with), {(after - before) / 1048576.0:0.0} MiB more");
    }

    /// <summary>Time of a scrape with many sessions in the arena.</summary>
    public static async Task ScrapeAsync(int sessions)
    {
        await using Server server = await Server.StartAsync(512L << 20);
        await server.FillAsync(sessions);
        using var http = new HttpClient { BaseAddress = server.Host.Address };
        var times = new List<double>();
        int bytes = 0;
        for (int i = 0; i < 40; i++)
        {
            // Somebody talked in between: one session has changed.
            await server.AppendAsync("filled-0", 1);
            long start = Stopwatch.GetTimestamp();
            bytes = (await http.GetByteArrayAsync("/metrics")).Length;
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        times.RemoveRange(0, 10);
        times.Sort();
        Console.WriteLine($"scrape with {server.Host.Nodes[0].Worker.Status().Resident} resident sessions: median {times[times.Count / 2]:0.0} ms, slowest of {times.Count} {times[^1]:0.0} ms, {bytes / 1024} KiB");
    }

    /// <summary>What recording adds to the shortest step there is: one token of one session of the bundled model.</summary>
    public static async Task DecodeAsync(int tokens)
    {
        await using Server server = await Server.StartAsync(64 << 20);
        using var reader = new MetricReader(TelemetrySources.Meters);
        await server.GenerateAsync("warm", tokens / 4);
        double best = double.MaxValue;
        for (int i = 0; i < 3; i++)
        {
            long start = Stopwatch.GetTimestamp();
            int made = await server.GenerateAsync($"decode-{i}", tokens);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / made);
        }

        double recording = double.MaxValue;
        var labels = new DeviceLabels("node-1", "cpu:0", Inference.Kv.KvElementType.BF16);
        var counts = new Worker.Serving.Telemetry.ActivityCounts();
        const int Times = 1_000_000;
        for (int i = 0; i < 5; i++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int n = 0; n < Times; n++)
            {
                counts.Computed(0);
                counts.Generated();
                WorkerMetrics.Stepped(labels, 0, 1, 1e-4);
            }

            recording = Math.Min(recording, Stopwatch.GetElapsedTime(start).TotalNanoseconds / Times);
        }

        Console.WriteLine($"decode: {best / 1000:0} us a token, of which recording metrics {recording:0} ns: {100 * recording / best:0.00} %");
    }

    private static async Task<(double Cores, long Bytes)> UseAsync(int seconds)
    {
        using var process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        process.Refresh();
        double cores = (process.TotalProcessorTime - before) / Stopwatch.GetElapsedTime(start);
        GC.Collect();
        process.Refresh();
        return (cores, process.WorkingSet64);
    }

    private static async Task TalkAsync(Server server, string session, CancellationToken enough)
    {
        for (int turn = 0; !enough.IsCancellationRequested; turn++)
        {
            await server.GenerateAsync($"{session}-{turn % 8}", 8);
            await Task.Delay(200, CancellationToken.None);
        }
    }

    /// <summary>A server with the bundled model, driven through its device.</summary>
    private sealed class Server(ServerHost host, string folder) : IAsyncDisposable
    {
        public ServerHost Host { get; } = host;

        public static async Task<Server> StartAsync(long arenaBytes)
        {
            string folder = Directory.CreateTempSubdirectory("kvcluster-dashboard").FullName;
            ServerSettings settings = SettingsReader.Read(null,
            [
                new("Listen:Url", "http://127.0.0.1:0"),
                new("Listen:ShutdownSeconds", "1"),
                new("State:Store", folder),
                new("Cold:Store", "none"),
                new("Model:ArenaBytes", $"{arenaBytes}"),
                new("Model:Threads", "1"),
            ]);
            return new Server(await ServerHost.StartAsync(settings, _ => { }, CancellationToken.None), folder);
        }

        /// <summary>Sessions with a short cache each, known to their tenant's index too.</summary>
        public async Task FillAsync(int sessions)
        {
            for (int i = 0; i < sessions; i++)
            {
                await AppendAsync($"filled-{i}", 16);
                var id = SessionId.Of("default", $"filled-{i}");
                await Host.Grains.GetGrain<ITenantIndexPartGrain>(TenantParts.KeyOf(id)).Touch(new SessionSummary
                {
                    Session = id.Session,
                    Created = DateTimeOffset.UtcNow,
                    LastUsed = DateTimeOffset.UtcNow,
                    Tokens = 16,
                    Node = "node-1",
                });
            }
        }

        public Task AppendAsync(string session, int tokens) => RunAsync(session, tokens, null);

        /// <summary>Tokens made.</summary>
        public Task<int> GenerateAsync(string session, int tokens) => RunAsync(session, 16, new SamplingOptions { MaxTokens = tokens, Temperature = 1, Seed = 1 });

        public async ValueTask DisposeAsync()
        {
            await Host.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }

        private async Task<int> RunAsync(string session, int prompt, SamplingOptions? sampling)
        {
            int made = 0;
            var request = new TurnRequest
            {
                Session = new SessionKey("default", session),
                Epoch = 1,
                History = ReadOnlyMemory<int>.Empty,
                Prompt = Enumerable.Range(0, prompt).Select(i => 20 + (i % 200)).ToArray(),
                Sampling = sampling,
            };
            await foreach (TurnEvent happened in Host.Nodes[0].Worker.RunAsync(request, CancellationToken.None))
            {
                made += happened is TurnPiece ? 1 : 0;
            }

            return made;
        }
    }
}
