using System.Net;
using KVCluster.Silo.Gateway;
using Microsoft.Extensions.Logging.Abstractions;

namespace KVCluster.Silo.Tests.Gateway;

public class UnusedSessionsTests(TestServer server) : IClassFixture<TestServer>
{
    private static readonly TimeSpan Unused = TimeSpan.FromHours(2);

    [Fact]
    public async Task Unnamed_sessions_that_nobody_used_for_long_are_closed_and_no_others()
    {
        await server.PostAsync("/v1/sessions", """{"id":"a-named-one"}""");
        await server.PostAsync("/v1/sessions", """{"id":"named"}""");
        string unnamed = (await server.PostAsync("/v1/chat/completions", """{"model":"needle","messages":[{"role":"user","content":"hi"}],"max_tokens":2}"""))
            .Headers.GetValues("X-Session-Id").Single();

        Assert.Equal(0, await SweepAsync(Unused / 2));
        Assert.Equal(1, await SweepAsync(Unused * 2));
        Assert.Equal(0, await SweepAsync(Unused * 2));

        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync("/v1/sessions/named")).StatusCode);
        HttpResponseMessage again = await server.PostAsync($"/v1/sessions/{unnamed}/messages", """{"message":"hi"}""");
        await again.ErrorAsync(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_client_whose_session_was_closed_gets_another_one()
    {
        string body = $$$"""{"model":"needle","messages":[{"role":"user","content":"{{{string.Concat(Enumerable.Repeat("Line after line. ", 20))}}}"}],"max_tokens":2}""";
        string first = (await server.PostAsync("/v1/chat/completions", body)).Headers.GetValues("X-Session-Id").Single();
        await SweepAsync(Unused * 2);

        HttpResponseMessage second = await server.PostAsync("/v1/chat/completions", body);

        await second.JsonAsync();
        Assert.NotEqual(first, second.Headers.GetValues("X-Session-Id").Single());
    }

    private async Task<int> SweepAsync(TimeSpan later)
    {
        await using var sessions = new UnusedSessions(
            server.Host.Grains, () => ["default"], Unused, new LaterTime(later), NullLogger<UnusedSessions>.Instance);
        return await sessions.SweepAsync(CancellationToken.None);
    }

    private sealed class LaterTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
