using System.Net;
using System.Net.Http.Headers;
using System.Text;
using KVCluster.Inference;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Serving;
using KVCluster.Silo.Tenants;

namespace KVCluster.Silo.Tests.Gateway;

public sealed class TenantTests : IAsyncLifetime
{
    private readonly TestServer _server = new();

    public Task InitializeAsync() => _server.StartAsync($$"""
        {"tenants":[{"id":"acme","keys":[{"sha256":"{{TenantFile.HashOf("a-user")}}"},{"sha256":"{{TenantFile.HashOf("a-reader")}}","role":"reader"}],"priority":7},
                    {"id":"beta","keys":[{"sha256":"{{TenantFile.HashOf("b-admin")}}","role":"admin"}],"requestsPerMinute":3}]}
        """);

    public Task DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Without_a_known_key_nothing_is_said()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(HttpMethod.Get, "/v1/models", null)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(HttpMethod.Get, "/v1/models", "nobody")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, "/healthz", null)).StatusCode);
    }

    [Fact]
    public async Task Another_tenants_session_does_not_exist()
    {
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(HttpMethod.Post, "/v1/sessions", "a-user", """{"id":"mine"}""")).StatusCode);

        HttpResponseMessage theirs = await SendAsync(HttpMethod.Get, "/v1/sessions/mine", "b-admin");
        HttpResponseMessage none = await SendAsync(HttpMethod.Get, "/v1/sessions/none", "b-admin");

        Assert.Equal(HttpStatusCode.NotFound, theirs.StatusCode);
        Assert.Equal(await none.Content.ReadAsStringAsync(), await theirs.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_reader_may_look_and_not_talk()
    {
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, "/v1/sessions", "a-reader")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(HttpMethod.Post, "/v1/sessions", "a-reader", "{}")).StatusCode);
        const string Chat = """{"model":"needle","messages":[{"role":"user","content":"x"}]}""";
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(HttpMethod.Post, "/v1/chat/completions", "a-reader", Chat)).StatusCode);
    }

    [Fact]
    public async Task A_tenants_priority_is_that_of_its_sessions_and_no_session_has_more()
    {
        HttpResponseMessage plain = await SendAsync(HttpMethod.Post, "/v1/sessions", "a-user", """{"id":"plain"}""");
        HttpResponseMessage less = await SendAsync(HttpMethod.Post, "/v1/sessions", "a-user", """{"id":"less","priority":-3}""");
        HttpResponseMessage more = await SendAsync(HttpMethod.Post, "/v1/sessions", "a-user", """{"id":"more","priority":8}""");

        Assert.Contains("\"priority\":7", await plain.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("\"priority\":-3", await less.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, more.StatusCode);
    }

    [Fact]
    public async Task A_tenant_over_its_rate_is_told_when_to_come_back()
    {
        HttpResponseMessage last = null!;
        for (int i = 0; i < 4; i++)
        {
            last = await SendAsync(HttpMethod.Get, "/v1/models", "b-admin");
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, last.StatusCode);
        Assert.True(last.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Without_keys_only_loopback_is_served() =>
        Assert.Contains(
            "not loopback",
            (await Assert.ThrowsAsync<InputException>(() => ServerHost.StartAsync(
                SettingsReader.Read(null, [new("Listen:Url", "http://0.0.0.0:0"), new("State:Store", Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())), new("Model:ArenaBytes", "1048576")]),
                _ => { },
                CancellationToken.None))).Message,
            StringComparison.Ordinal);

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? key, string? body = null)
    {
        var request = new HttpRequestMessage(method, path);
        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        return _server.Http.SendAsync(request);
    }
}
