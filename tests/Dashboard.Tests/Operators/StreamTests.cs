using System.Net.ServerSentEvents;
using System.Text.Json;
using KVCluster.Dashboard.Tests.Support;

namespace KVCluster.Dashboard.Tests.Operators;

public sealed class StreamTests(DashboardServer server) : IClassFixture<DashboardServer>
{
    [Fact]
    public async Task A_viewer_gets_all_first_and_then_what_changed()
    {
        await server.ConverseAsync("seen", lines: 3);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using HttpResponseMessage response = await server.Http.GetAsync("/v1/cluster/events", HttpCompletionOption.ResponseHeadersRead, limit.Token);
        await using Stream stream = await response.Content.ReadAsStreamAsync(limit.Token);
        await using IAsyncEnumerator<SseItem<string>> events = SseParser.Create(stream).EnumerateAsync(limit.Token).GetAsyncEnumerator(limit.Token);

        Assert.Equal(["hello", "history", "sessions", "events", "snapshot"], await NamesAsync(events, 5));
        await server.ConverseAsync("appears", lines: 3);
        JsonElement changed = default;
        while (changed.ValueKind == JsonValueKind.Undefined && await events.MoveNextAsync())
        {
            changed = events.Current.EventType == "sessions" && events.Current.Data.Contains("default/appears", StringComparison.Ordinal)
                ? JsonSerializer.Deserialize<JsonElement>(events.Current.Data)
                : default;
        }

        Assert.False(changed.GetProperty("whole").GetBoolean());
        Assert.DoesNotContain("default/seen", changed.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("key").GetString()));
    }

    [Fact]
    public async Task A_closed_session_is_gone()
    {
        await server.ConverseAsync("closes", lines: 2);
        await server.SendAsync(HttpMethod.Get, "/v1/cluster/sessions");
        await server.SendAsync(HttpMethod.Delete, "/v1/sessions/closes");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await server.SendAsync(HttpMethod.Get, "/v1/cluster/sessions?search=closes")).GetProperty("total").GetInt32() > 0)
        {
            await Task.Delay(100, limit.Token);
        }
    }

    [Fact]
    public async Task A_session_that_is_demoted_is_listed_as_cold_with_its_copy()
    {
        await server.ConverseAsync("demoted", lines: 12);
        await server.SendAsync(HttpMethod.Post, "/v1/cluster/sessions/default/demoted/demote");

        JsonElement row = (await server.SendAsync(HttpMethod.Get, "/v1/cluster/sessions?search=demoted")).GetProperty("rows")[0];

        Assert.Equal(0, row.GetProperty("bytes").GetInt64());
        Assert.Equal("cold", row.GetProperty("phase").GetString());
    }

    [Theory]
    [InlineData("/v1/cluster/sessions?limit=0")]
    [InlineData("/v1/cluster/sessions?sort=colour")]
    public async Task A_wrong_question_is_refused_by_name(string path)
    {
        using HttpResponseMessage answer = await server.AskAsync(HttpMethod.Get, path);
        Assert.Equal(400, (int)answer.StatusCode);
    }

    [Fact]
    public async Task A_policy_that_does_not_exist_and_a_node_that_does_not_are_named()
    {
        await server.ConverseAsync("acted-on", lines: 2);
        using HttpResponseMessage policy = await server.AskAsync(HttpMethod.Post, "/v1/cluster/sessions/default/acted-on/compress", """{"keep":0.5,"policy":"nonsense"}""");
        using HttpResponseMessage node = await server.AskAsync(HttpMethod.Post, "/v1/cluster/sessions/default/acted-on/move", """{"node":"nowhere"}""");
        using HttpResponseMessage action = await server.AskAsync(HttpMethod.Post, "/v1/cluster/sessions/default/acted-on/paint");

        Assert.Contains("nonsense", await policy.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("nowhere", await node.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(404, (int)action.StatusCode);
    }

    private static async Task<List<string>> NamesAsync(IAsyncEnumerator<SseItem<string>> events, int count)
    {
        var names = new List<string>();
        while (names.Count < count && await events.MoveNextAsync())
        {
            names.Add(events.Current.EventType);
        }

        return names;
    }
}
