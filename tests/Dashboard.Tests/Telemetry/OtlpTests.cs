using System.Text.Json;
using KVCluster.Dashboard.Tests.Support;
using KVCluster.TestSupport;

namespace KVCluster.Dashboard.Tests.Telemetry;

public sealed class OtlpTests
{
    private const string Package = "@opentelemetry/otlp-transformer@0.57.2";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_collector_gets_a_requests_trace_of_all_layers_and_the_metrics_by_their_names(bool grpc)
    {
        await using OtlpCollector collector = await OtlpCollector.StartAsync(grpc);
        await TalkAsync(collector, grpc);

        OtlpSpan[] spans = [.. collector.Spans];
        OtlpSpan[] turns = [.. spans.Where(s => s.Name == "worker.turn" && s.Attributes["kvcluster.session"] == "told")];
        Assert.Equal(2, turns.Length);
        foreach (OtlpSpan turn in turns)
        {
            Assert.Equal("KVCluster.Worker", turn.Scope);
            Assert.Equal("kvcluster", turn.Resource["service.name"]);
            OtlpSpan grain = Assert.Single(spans, s => s.Id == turn.Parent);
            OtlpSpan request = Assert.Single(spans, s => s.Id == grain.Parent);
            Assert.Equal(("KVCluster.Grains", "Microsoft.AspNetCore"), (grain.Scope, request.Scope));
            Assert.Equal("/v1/sessions/told/messages", request.Attributes["url.path"]);
            Assert.Equal("told", request.Attributes["kvcluster.session"]);
            Assert.Equal(turn.Trace, request.Trace);
            Assert.InRange(turn.From, request.From - 50_000_000, request.Until);
        }

        Assert.Contains(spans, s => s.Name == "cold.find" && s.Parent == turns[1].Id);
        OtlpSpan demotion = Assert.Single(spans, s => s.Attributes.GetValueOrDefault("url.path") == "/v1/sessions/told/demote");
        Assert.Equal("POST /v1/sessions/{id}/demote", demotion.Name);
        Assert.Contains(spans, s => s.Name == "cold.save" && s.Parent == demotion.Id);

        OtlpMetric arena = collector.Metrics["kvcluster.arena.bytes"];
        Assert.Equal("By", arena.Unit);
        Assert.Contains(arena.Points, p => p["state"] == "free" && p["node"].StartsWith("observed", StringComparison.Ordinal));
        foreach (string name in (string[])["kvcluster.generation_tokens", "gen_ai.server.time_to_first_token", "kvcluster.cold.saves", "http.server.request.duration"])
        {
            Assert.True(collector.Metrics.ContainsKey(name), $"{name} is not among {string.Join(", ", collector.Metrics.Keys)}");
        }

        Assert.DoesNotContain(spans.SelectMany(s => s.Attributes.Values), v => v.Contains("And?", StringComparison.Ordinal));
    }

    [NodePackageFact(Package)]
    public async Task What_is_sent_is_read_alike_by_OpenTelemetrys_own_message_classes()
    {
        await using OtlpCollector collector = await OtlpCollector.StartAsync(grpc: false);
        await TalkAsync(collector, grpc: false);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kvcluster-otlp");
        try
        {
            Assert.NotNull(NodePackageFactAttribute.Run(
                "npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder.FullName, Package], folder.FullName));
            (IReadOnlyList<byte[]> traces, IReadOnlyList<byte[]> metrics) = collector.Requests;
            string[] files = [.. traces.Select((b, i) => Write(folder, $"traces:{i}", b)), .. metrics.Select((b, i) => Write(folder, $"metrics:{i}", b))];
            string? output = NodePackageFactAttribute.Run("node", [Path.Combine(AppContext.BaseDirectory, "otlp.js"), .. files], folder.FullName);

            Assert.NotNull(output);
            JsonElement read = JsonDocument.Parse(output).RootElement;
            Assert.Equal(
                collector.Spans.Select(s => $"{s.Name} {s.Id} {s.Parent} {s.Attributes.GetValueOrDefault("kvcluster.session")}"),
                read.GetProperty("spans").EnumerateArray().Select(s => $"{Text(s, "name")} {Text(s, "id")} {Text(s, "parent")} {Text(s, "session")}"));
            Assert.Equal(collector.Metrics.Keys.Order(), read.GetProperty("metrics").EnumerateArray().Select(m => m.GetString()!).Order());
            Assert.Contains("kvcluster.arena.bytes", collector.Metrics.Keys);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Write(DirectoryInfo folder, string name, byte[] bytes)
    {
        string file = Path.Combine(folder.FullName, name.Replace(':', '-'));
        File.WriteAllBytes(file, bytes);
        return $"{name.Split(':')[0]}:{file}";
    }

    private static string Text(JsonElement value, string name) => value.GetProperty(name).GetString()!;

    private static async Task TalkAsync(OtlpCollector collector, bool grpc)
    {
        var server = new DashboardServer()
            .With("Node:Count", "1")
            .With("Node:Name", "observed")
            .With("Telemetry:OtlpEndpoint", collector.Address.ToString())
            .With("Telemetry:OtlpProtocol", grpc ? "Grpc" : "Http");
        await server.StartAsync();
        try
        {
            await server.ConverseAsync("told", lines: 12);
            await server.SendAsync(HttpMethod.Post, "/v1/sessions/told/demote");
            await server.SendAsync(HttpMethod.Post, "/v1/sessions/told/messages", """{"message":"And?","sampling":{"max_tokens":4}}""");
        }
        finally
        {
            // What is left goes out when the server ends.
            await server.DisposeAsync();
        }
    }
}
