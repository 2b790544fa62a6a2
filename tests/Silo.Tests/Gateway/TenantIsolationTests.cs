using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using KVCluster.Silo.Tenants;
using Xunit.Abstractions;

namespace KVCluster.Silo.Tests.Gateway;

/// <summary>Two tenants that try each other's ids. Times are taken when no other test of the program runs.</summary>
[Collection("alone")]
public sealed class TenantIsolationTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Samples = 150;
    private const int Rounds = 5;

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
        // Rounds are added up until a session of one's own can be told from none: on a busy machine that takes more of them, on a very busy
        // one all. A difference in the work for another's session would show by then, and the more the longer it is measured.
        double[][] seconds = [[], [], []];
        InterleavedTimes? theirs = null;
        InterleavedTimes? own = null;
        for (int round = 0; round < Rounds; round++)
        {
            double[][] more = await MeasureAsync(round);
            seconds = [.. seconds.Zip(more, (earlier, later) => (double[])[.. earlier, .. later])];
            theirs = InterleavedTimes.Of(seconds[0], seconds[1]);
            own = InterleavedTimes.Of(seconds[2], seconds[1]);
            output.WriteLine($"beside a session that is not there: another's {theirs}, one's own {own}");
            if (theirs.IsEqual && !own.IsEqual)
            {
                return;
            }
        }

        Assert.True(theirs!.IsEqual, $"beside a session that is not there: another's {theirs}, one's own {own}");
    }

    /// <summary>Seconds of looks at another's sessions, at none, and at one's own: one after the other, in all orders. Each id is looked at once.</summary>
    private async Task<double[][]> MeasureAsync(int round)
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, Samples), async (i, _) =>
        {
            await SendAsync("a", HttpMethod.Post, "/v1/sessions", $$"""{"id":"theirs-{{round}}-{{i:000}}"}""");
            await SendAsync("b", HttpMethod.Post, "/v1/sessions", $$"""{"id":"of-own-{{round}}-{{i:000}}"}""");
            await SendAsync("b", HttpMethod.Get, $"/v1/sessions/before-{round}-{i:000}", null);
        });
        string[] kinds = ["theirs", "absent", "of-own"];
        double[][] seconds = [new double[Samples], new double[Samples], new double[Samples]];
        for (int i = 0; i < Samples; i++)
        {
            for (int turn = 0; turn < kinds.Length; turn++)
            {
                int kind = (i % 2 == 0 ? i + turn : i + kinds.Length - turn) % kinds.Length;
                seconds[kind][i] = await TimeAsync($"{kinds[kind]}-{round}-{i:000}", kinds[kind] == "of-own" ? HttpStatusCode.OK : HttpStatusCode.NotFound);
            }
        }

        return seconds;
    }

    private async Task<double> TimeAsync(string id, HttpStatusCode expected)
    {
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await SendAsync("b", HttpMethod.Get, $"/v1/sessions/{id}", null);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Assert.Equal(expected, response.StatusCode);
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

/// <summary>Tests that measure times.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class AloneCollection;
