using System.Collections.Concurrent;
using System.Diagnostics;
using KVCluster.Dashboard.Tests.Support;

namespace KVCluster.Dashboard.Tests.Telemetry;

public sealed class TraceTests
{
    [Fact]
    public async Task A_turn_is_one_trace_from_the_request_through_grain_worker_and_store()
    {
        var ended = new ConcurrentQueue<Activity>();
        var server = new DashboardServer().With("Node:Count", "1").With("Cold:IdleSaveSeconds", "3600");
        await server.StartAsync();
        try
        {
            await server.ConverseAsync("traced", lines: 12);
            await server.SendAsync(HttpMethod.Post, "/v1/sessions/traced/demote");
            using (var listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name == "Microsoft.AspNetCore" || source.Name.StartsWith("KVCluster.", StringComparison.Ordinal),
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = ended.Enqueue,
            })
            {
                ActivitySource.AddActivityListener(listener);
                await server.SendAsync(HttpMethod.Post, "/v1/sessions/traced/messages", """{"message":"And the next?","sampling":{"max_tokens":4}}""");
                await server.QuietAsync();

                // The request's own span ends when its answer has gone out: right after, not before, the client has it.
                using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
                while (!ended.Any(a => a.Kind == ActivityKind.Server))
                {
                    await Task.Delay(10, limit.Token);
                }
            }
        }
        finally
        {
            await server.DisposeAsync();
        }

        Activity request = ended.Single(a => a.Kind == ActivityKind.Server);
        Activity[] trace = [.. ended.Where(a => a.TraceId == request.TraceId)];
        Activity grain = Below(trace, request, "session.generate");
        Activity turn = Below(trace, grain, "worker.turn");
        foreach (string phase in (string[])["worker.queue", "worker.attach", "worker.prefill", "worker.decode", "cold.find"])
        {
            Activity part = Below(trace, turn, phase);
            Assert.InRange(part.StartTimeUtc, request.StartTimeUtc.AddMilliseconds(-50), request.StartTimeUtc + request.Duration + TimeSpan.FromMilliseconds(50));
        }

        foreach (string name in (string[])["session.generate", "worker.turn", "cold.find"])
        {
            Activity span = trace.First(a => a.OperationName == name);
            Assert.Equal("traced", span.GetTagItem("kvcluster.session"));
            Assert.Equal("default", span.GetTagItem("kvcluster.tenant"));
        }

        Assert.Equal(4, grain.GetTagItem("gen_ai.usage.output_tokens"));
        Assert.DoesNotContain(trace.SelectMany(a => a.TagObjects), tag => tag.Value?.ToString()?.Contains("And the next", StringComparison.Ordinal) == true);
    }

    private static Activity Below(Activity[] trace, Activity parent, string name) =>
        Assert.Single(trace, a => a.OperationName == name && a.ParentSpanId == parent.SpanId);
}
