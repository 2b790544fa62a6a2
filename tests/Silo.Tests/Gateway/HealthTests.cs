using System.Net;
using KVCluster.Silo.Gateway.Health;

namespace KVCluster.Silo.Tests.Gateway;

public sealed class HealthTests(TestServer server) : IClassFixture<TestServer>
{
    [Theory]
    [InlineData("/healthz", "ok\n")]
    [InlineData("/readyz", "ready\n")]
    public async Task A_server_that_serves_says_so_in_a_word(string path, string word)
    {
        HttpResponseMessage answer = await server.Http.GetAsync(path);
        Assert.Equal((HttpStatusCode.OK, word), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        Assert.True(answer.Headers.CacheControl!.NoStore);
    }

    [Fact]
    public async Task A_failed_device_is_neither_alive_nor_ready_and_why_is_not_told()
    {
        var own = new TestServer();
        await own.InitializeAsync();
        await own.Host.Nodes[0].Worker.DisposeAsync();
        foreach (string path in (string[])["/healthz", "/readyz"])
        {
            HttpResponseMessage answer = await own.Http.GetAsync(path);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.DoesNotContain("Disposed", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await own.DisposeAsync();
    }

    [Fact]
    public void A_server_that_is_asked_to_stop_is_first_not_ready_then_closed()
    {
        var health = new ServerHealth([]);
        Assert.True(health is { IsAlive: true, IsReady: true, IsClosed: false });
        health.Leave();
        Assert.True(health is { IsAlive: true, IsReady: false, IsClosed: false });
        health.Close();
        Assert.True(health is { IsAlive: true, IsReady: false, IsClosed: true });
    }

    [Fact]
    public async Task While_a_server_leaves_running_answers_end_and_others_are_sent_away()
    {
        var own = new TestServer();
        await own.InitializeAsync();
        string model = own.Host.ModelName;
        string body = $$"""{"model":"{{model}}","messages":[{"role":"user","content":"Tell me of the sea."}],"max_tokens":200,"stream":true}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body) };
        using HttpResponseMessage stream = await own.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
        Task stopping = own.Host.DisposeAsync().AsTask();
        HttpResponseMessage ready = await own.Http.GetAsync("/readyz");
        HttpResponseMessage refused = await own.Http.GetAsync("/v1/models");
        string text = await stream.Content.ReadAsStringAsync();
        await stopping.WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        own.Http.Dispose();
    }
}
