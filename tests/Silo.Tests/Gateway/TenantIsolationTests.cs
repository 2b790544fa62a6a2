using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using KVCluster.Silo.Tenants;

namespace KVCluster.Silo.Tests.Gateway;

/// <summary>Two tenants that try each other's ids.</summary>
public sealed class TenantIsolationTests : IAsyncLifetime
{
    private const int Samples = 100;
    private const int Rounds = 5;

    /// <summary>Far above what equal work differs by on a busy machine, below what a look at a session that exists would cost.</summary>
    private const double EqualWithin = 1.5;

    private readonly TestServer _server = new();

    public Task InitializeAsync() => _server.StartAsync($$"""
        {"tenants":[{"id":"acme","keys":[{"sha256":"{{TenantFile.HashOf("a")}}","role":"admin"}]},
                    {"id":"beta","keys":[{"sha256":"{{TenantFile.HashOf("b")}}","role":"admin"}]}]}
        """);

    public Task DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Every_act_on_anothers_session_finds_nothing()
    {
        await SendAsync("a", HttpMethod.Post, "/v1/sessions", """{"id":"secret"}""");
        await SendAsync("a", HttpMethod.Post, "/v1/sessions/secret/append", """{"text":"the word is heron"}""");
        (HttpMethod Method, string Path, string? Body)[] acts =
        [
            (HttpMethod.Get, "", null), (HttpMethod.Get, "/history", null), (HttpMethod.Get, "/export", null), (HttpMethod.Delete, "", null),
            (HttpMethod.Post, "/messages", """{"message":"hi"}"""), (HttpMethod.Post, "/messages", """{"message":"hi","stream":true}"""),
            (HttpMethod.Post, "/append", """{"text":"x"}"""), (HttpMethod.Post, "/cancel", null), (HttpMethod.Post, "/fork", """{"session":"mine"}"""),
            (HttpMethod.Post, "/compress", """{"keep":0.5}"""), (HttpMethod.Post, "/pin", """{"seconds":9}"""), (HttpMethod.Post, "/make-whole", null), (HttpMethod.Post, "/demote", null),
            (HttpMethod.Post, "/move", """{"node":"node-1"}"""),
        ];
        foreach ((HttpMethod method, string path, string? body) in acts)
        {
            HttpResponseMessage theirs = await SendAsync("b", method, "/v1/sessions/secret" + path, body);
            HttpResponseMessage nobodys = await SendAsync("b", method, "/v1/sessions/nothing" + path, body);
            Assert.Equal(HttpStatusCode.NotFound, theirs.StatusCode);
            Assert.Equal(await nobodys.Content.ReadAsStringAsync(), await theirs.Content.ReadAsStringAsync());
        }

        HttpResponseMessage own = await SendAsync("a", HttpMethod.Get, "/v1/sessions/secret/history", null);
        Assert.Contains("heron", await own.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_response_of_another_tenant_is_not_found()
    {
        JsonElement made = await (await SendAsync("a", HttpMethod.Post, "/v1/responses", """{"model":"needle","input":"hi","max_output_tokens":2}""")).JsonAsync();
        string body = $$"""{"model":"needle","input":"go on","previous_response_id":"{{made.GetProperty("id").GetString()}}"}""";

        await (await SendAsync("b", HttpMethod.Post, "/v1/responses", body)).ErrorAsync(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_same_words_find_no_cache_of_another_tenant()
    {
        string text = string.Concat(Enumerable.Repeat("The heron stood in the river. ", 20));
        string body = $$$"""{"model":"needle","messages":[{"role":"user","content":"{{{text}}}"}],"max_tokens":2}""";
        await (await SendAsync("a", HttpMethod.Post, "/v1/chat/completions", body)).JsonAsync();

        JsonElement theirs = await (await SendAsync("b", HttpMethod.Post, "/v1/chat/completions", body)).JsonAsync();
        JsonElement own = await (await SendAsync("a", HttpMethod.Post, "/v1/chat/completions", body)).JsonAsync();

        Assert.Equal(0, Cached(theirs));
        Assert.True(Cached(own) > 100);
    }

    [Fact]
    public async Task Whether_another_tenant_has_a_session_cannot_be_told_by_the_time_it_takes()
    {
        // A difference in the work shows in every round; one that the machine's other work makes does not.
        List<double> ratios = [];
        for (int round = 0; round < Rounds && !ratios.Exists(IsEqual); round++)
        {
            ratios.Add(await RatioAsync(round));
        }

        Assert.True(ratios.Exists(IsEqual), $"another tenant's sessions take {string.Join(", ", ratios)} of the time of none");
    }

    private static bool IsEqual(double ratio) => ratio is >= 1 / EqualWithin and <= EqualWithin;

    /// <summary>The median time that a look at another's session takes, over that of a look at none; each id is looked at once.</summary>
    private async Task<double> RatioAsync(int round)
    {
        for (int i = 0; i < Samples; i++)
        {
            await SendAsync("a", HttpMethod.Post, "/v1/sessions", $$"""{"id":"theirs-{{round}}-{{i:000}}"}""");
            await SendAsync("b", HttpMethod.Get, $"/v1/sessions/before-{round}-{i:000}", null);
        }

        double[] theirs = new double[Samples];
        double[] nobodys = new double[Samples];
        for (int i = 0; i < Samples; i++)
        {
            // In turns, and in either order, so that what else the machine does falls on both alike.
            if (i % 2 == 0)
            {
                theirs[i] = await TimeAsync($"theirs-{round}-{i:000}");
                nobodys[i] = await TimeAsync($"absent-{round}-{i:000}");
            }
            else
            {
                nobodys[i] = await TimeAsync($"absent-{round}-{i:000}");
                theirs[i] = await TimeAsync($"theirs-{round}-{i:000}");
            }
        }

        return At(theirs, 0.5) / At(nobodys, 0.5);
    }

    private static double At(double[] times, double quantile) => times.Order().ElementAt((int)(times.Length * quantile));

    private async Task<double> TimeAsync(string id)
    {
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await SendAsync("b", HttpMethod.Get, $"/v1/sessions/{id}", null);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        return seconds;
    }

    private static int Cached(JsonElement chat) =>
        chat.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32();

    private Task<HttpResponseMessage> SendAsync(string key, HttpMethod method, string path, string? body)
    {
        var request = new HttpRequestMessage(method, path) { Content = body is null ? null : ServerRequests.Body(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return _server.Http.SendAsync(request);
    }
}
