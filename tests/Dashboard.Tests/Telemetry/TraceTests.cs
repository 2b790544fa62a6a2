using System.Collections.Concurrent;
using System.Diagnostics;
using KVCluster.Dashboard.Tests.Support;

namespace KVCluster.Dashboard.Tests.Telemetry;

public sealed class TraceTests : IAsyncLifetime
{
    private const string Secret = "And the next";

    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly DashboardServer _server = new DashboardServer().With("Node:Count", "1").With("Cold:IdleSaveSeconds", "3600");

    public Task InitializeAsync() => _server.InitializeAsync();

    public Task DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_turn_is_one_trace_from_the_request_through_grain_worker_steps_and_store()
    {
        await _server.ConverseAsync("traced", lines: 40);
        await _server.SendAsync(HttpMethod.Post, "/v1/sessions/traced/demote");

        Activity[] trace = await TraceOfAsync("/v1/sessions/traced/messages", $$$"""{"message":"{{{Secret}}}?","sampling":{"max_tokens":40}}""");

        Activity request = trace.Single(a => a.Kind == ActivityKind.Server);
        Activity grain = Below(trace, request, "session.generate");
        Activity turn = Below(trace, grain, "worker.turn");
        foreach (string phase in (string[])["worker.queue", "worker.attach", "worker.prefill", "worker.decode", "cold.find", "cold.load"])
        {
            Below(trace, turn, phase);
        }

        Activity[] decoding = [.. Steps(trace, Below(trace, turn, "worker.decode"))];
        Activity[] prefilling = [.. Steps(trace, Below(trace, turn, "worker.prefill"))];
        Assert.NotEmpty(prefilling);
        Assert.Equal([32, 7], decoding.Select(s => s.GetTagItem("kvcluster.steps.count")));
        Assert.Equal(39, decoding.Sum(s => (int)s.GetTagItem("kvcluster.steps.tokens")!));
        Assert.All(trace, span => Assert.Equal("traced", span.GetTagItem("kvcluster.session")));
        Assert.All(trace, span => Assert.Equal("default", span.GetTagItem("kvcluster.tenant")));
        Assert.All(trace, span => Assert.InRange(span.StartTimeUtc, request.StartTimeUtc.AddMilliseconds(-50), request.StartTimeUtc + request.Duration + TimeSpan.FromMilliseconds(50)));
        Assert.Equal(40, grain.GetTagItem("gen_ai.usage.output_tokens"));
        Assert.DoesNotContain(trace.SelectMany(a => a.TagObjects), tag => tag.Value?.ToString()?.Contains(Secret, StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task A_prompt_is_a_span_for_each_of_its_chunks()
    {
        await _server.SendAsync(HttpMethod.Post, "/v1/sessions", """{"id":"chunked"}""");
        string text = string.Join(' ', Enumerable.Repeat("blue", 200));

        Activity[] trace = await TraceOfAsync("/v1/sessions/chunked/messages", $$$"""{"message":"{{{text}}}","sampling":{"max_tokens":1}}""");

        Activity prefill = trace.Single(a => a.OperationName == "worker.prefill");
        Activity[] chunks = [.. Steps(trace, prefill)];
        Assert.True(chunks.Length >= 2, $"{chunks.Length} chunks");
        Assert.All(chunks, c => Assert.Equal(1, c.GetTagItem("kvcluster.steps.count")));
        Assert.Equal(prefill.GetTagItem("gen_ai.usage.input_tokens"), chunks.Sum(c => (int)c.GetTagItem("kvcluster.steps.tokens")!));
    }

    [Fact]
    public async Task A_save_that_a_request_asks_for_lies_in_that_requests_trace()
    {
        await _server.ConverseAsync("demoted", lines: 6);

        Activity[] trace = await TraceOfAsync("/v1/sessions/demoted/demote", null);

        Activity save = Below(trace, trace.Single(a => a.Kind == ActivityKind.Server), "cold.save");
        Assert.Equal("Published", save.GetTagItem("kvcluster.cold.result"));
        Assert.All(trace, span => Assert.Equal("demoted", span.GetTagItem("kvcluster.session")));
    }

    /// <summary>The spans of one request, once its own has ended: right after, not before, the client has the answer.</summary>
    private async Task<Activity[]> TraceOfAsync(string path, string? body)
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore" || source.Name.StartsWith("KVCluster.", StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await _server.SendAsync(HttpMethod.Post, path, body);
        await _server.QuietAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Activity? request;
        while ((request = _ended.FirstOrDefault(a => a.Kind == ActivityKind.Server && Equals(a.GetTagItem("url.path"), path))) is null)
        {
            await Task.Delay(10, limit.Token);
        }

        return [.. _ended.Where(a => a.TraceId == request.TraceId)];
    }

    private static IEnumerable<Activity> Steps(Activity[] trace, Activity phase) =>
        trace.Where(a => a.OperationName == "worker.steps" && a.ParentSpanId == phase.SpanId).OrderBy(a => a.StartTimeUtc);

    private static Activity Below(Activity[] trace, Activity parent, string name) =>
        Assert.Single(trace, a => a.OperationName == name && a.ParentSpanId == parent.SpanId);
}
