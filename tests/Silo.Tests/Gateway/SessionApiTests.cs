using System.Net;
using System.Text.Json;

namespace KVCluster.Silo.Tests.Gateway;

public class SessionApiTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task A_session_lives_from_creation_to_close()
    {
        Assert.Equal(HttpStatusCode.Created, (await server.PostAsync("/v1/sessions", """{"id":"life","system":"Be brief."}""")).StatusCode);
        JsonElement turn = await JsonAsync(await server.PostAsync("/v1/sessions/life/messages", """{"message":"Hello","sampling":{"max_tokens":5}}"""));
        JsonElement shown = await JsonAsync(await server.Http.GetAsync("/v1/sessions/life"));
        JsonElement history = await JsonAsync(await server.Http.GetAsync("/v1/sessions/life/history"));

        Assert.Equal(5, turn.GetProperty("answer_tokens").GetInt32());
        Assert.Equal(history.GetProperty("total").GetInt32(), shown.GetProperty("tokens").GetInt32());
        Assert.Contains("Hello", history.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.True(shown.GetProperty("cache").GetProperty("device_bytes").GetInt64() > 0);
        JsonElement tier = Assert.Single(shown.GetProperty("tiers").EnumerateArray());
        Assert.Equal(("device", "node-1", "cpu:0"), (tier.GetProperty("tier").GetString(), tier.GetProperty("node").GetString(), tier.GetProperty("device").GetString()));
        Assert.Equal(shown.GetProperty("cache").GetProperty("device_bytes").GetInt64(), tier.GetProperty("bytes").GetInt64());
        Assert.Equal(HttpStatusCode.NoContent, (await server.Http.DeleteAsync("/v1/sessions/life")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.PostAsync("/v1/sessions/life/messages", """{"message":"x"}""")).StatusCode);
    }

    [Fact]
    public async Task A_request_sent_again_with_its_key_is_answered_from_the_record()
    {
        await server.PostAsync("/v1/sessions", """{"id":"again"}""");
        using var first = new HttpRequestMessage(HttpMethod.Post, "/v1/sessions/again/messages") { Content = Body("""{"message":"Hello","sampling":{"max_tokens":4}}""") };
        using var second = new HttpRequestMessage(HttpMethod.Post, "/v1/sessions/again/messages") { Content = Body("""{"message":"Hello","sampling":{"max_tokens":4}}""") };
        using var other = new HttpRequestMessage(HttpMethod.Post, "/v1/sessions/again/messages") { Content = Body("""{"message":"Bye"}""") };
        foreach (HttpRequestMessage request in (HttpRequestMessage[])[first, second, other])
        {
            request.Headers.Add("Idempotency-Key", "k1");
        }

        JsonElement made = await JsonAsync(await server.Http.SendAsync(first));
        JsonElement repeated = await JsonAsync(await server.Http.SendAsync(second));

        Assert.Equal(made.GetProperty("text").GetString(), repeated.GetProperty("text").GetString());
        Assert.True(repeated.GetProperty("repeated").GetBoolean());
        Assert.Equal(HttpStatusCode.Conflict, (await server.Http.SendAsync(other)).StatusCode);
    }

    [Fact]
    public async Task A_cache_is_compressed_made_whole_and_demoted()
    {
        await server.PostAsync("/v1/sessions", """{"id":"cut"}""");
        string text = string.Concat(Enumerable.Range(0, 60).Select(i => $"Line {i} says nothing new. "));
        await JsonAsync(await server.PostAsync("/v1/sessions/cut/messages", $$$"""{"message":"{{{text}}}","sampling":{"max_tokens":2}}"""));
        JsonElement before = (await JsonAsync(await server.Http.GetAsync("/v1/sessions/cut"))).GetProperty("cache");

        JsonElement cut = (await JsonAsync(await server.PostAsync("/v1/sessions/cut/compress", """{"keep":0.25,"policy":"streaming-llm"}"""))).GetProperty("cache");
        JsonElement whole = (await JsonAsync(await server.PostAsync("/v1/sessions/cut/make-whole", "{}"))).GetProperty("cache");
        JsonElement demoted = (await JsonAsync(await server.PostAsync("/v1/sessions/cut/demote", "{}"))).GetProperty("cache");

        int[][] kept = [.. cut.GetProperty("kept").EnumerateArray().Select(row => row.EnumerateArray().Select(head => head.GetInt32()).ToArray())];
        Assert.Equal(cut.GetProperty("kept_tokens").GetDouble(), kept.SelectMany(row => row).Average(), 6);
        Assert.True(kept.Length > 1 && kept.All(row => row.Length == kept[0].Length));
        Assert.False(demoted.TryGetProperty("kept", out _));
        Assert.False(cut.GetProperty("exact").GetBoolean());
        Assert.True(cut.GetProperty("device_bytes").GetInt64() < before.GetProperty("device_bytes").GetInt64() / 2);
        Assert.Equal("streaming-llm", cut.GetProperty("compressions")[0].GetProperty("policy").GetString());
        Assert.True(whole.GetProperty("exact").GetBoolean());
        Assert.Equal(0, demoted.GetProperty("device_bytes").GetInt64());
        Assert.Equal(HttpStatusCode.BadRequest, (await server.PostAsync("/v1/sessions/cut/compress", """{"keep":0.5,"policy":"nonsense"}""")).StatusCode);
    }

    [Fact]
    public async Task The_list_comes_in_pages()
    {
        for (int i = 0; i < 5; i++)
        {
            await server.PostAsync("/v1/sessions", $$"""{"id":"page-{{i}}"}""");
        }

        JsonElement page = await JsonAsync(await server.Http.GetAsync("/v1/sessions?limit=2&after=page-0"));

        Assert.Equal(["page-1", "page-2"], page.GetProperty("data").EnumerateArray().Select(s => s.GetProperty("id").GetString()));
        Assert.Equal("page-2", page.GetProperty("next").GetString());
    }

    [Theory]
    [InlineData("/v1/sessions?limit=0", "limit")]
    [InlineData("/v1/sessions/none", "no such session")]
    [InlineData("/v1/elsewhere", "there is no GET")]
    public async Task What_is_not_there_is_said(string path, string said)
    {
        HttpResponseMessage response = await server.Http.GetAsync(path);

        Assert.InRange((int)response.StatusCode, 400, 499);
        Assert.Contains(said, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_requests_that_go_on_from_one_conversation_are_both_answered()
    {
        string text = string.Concat(Enumerable.Range(0, 20).Select(i => $"Line {i} says nothing new. "));
        string first = $$$"""{"model":"needle","messages":[{"role":"user","content":"{{{text}}}"}],"max_tokens":8,"temperature":0}""";
        JsonElement begun = await JsonAsync(await server.PostAsync("/v1/chat/completions", first));
        string answer = JsonSerializer.Serialize(begun.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        string next = $$$"""{"model":"needle","messages":[{"role":"user","content":"{{{text}}}"},{"role":"assistant","content":{{{answer}}}},{"role":"user","content":"And?"}],"max_tokens":200,"temperature":0,"logit_bias":{"2":-100}}""";

        HttpResponseMessage[] both = await Task.WhenAll(server.PostAsync("/v1/chat/completions", next), server.PostAsync("/v1/chat/completions", next));

        JsonElement[] answers = [await JsonAsync(both[0]), await JsonAsync(both[1])];
        Assert.Equal(Text(answers[0]), Text(answers[1]));
        Assert.NotEqual(both[0].Headers.GetValues("X-Session-Id").Single(), both[1].Headers.GetValues("X-Session-Id").Single());

        static string? Text(JsonElement chat) => chat.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
    }

    [Fact]
    public async Task A_chat_in_a_named_session_is_answered_from_the_record_when_sent_again_and_refused_when_it_is_another()
    {
        JsonElement made = await JsonAsync(await SendAsync("hello", "k"));
        JsonElement again = await JsonAsync(await SendAsync("hello", "k"));

        Assert.Equal(made.GetProperty("choices").ToString(), again.GetProperty("choices").ToString());
        Assert.Equal(HttpStatusCode.Conflict, (await SendAsync("something else", null)).StatusCode);

        Task<HttpResponseMessage> SendAsync(string said, string? key)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
            {
                Content = Body($$"""{"model":"needle","messages":[{"role":"user","content":"{{said}}"}],"max_tokens":5}"""),
            };
            request.Headers.Add("X-Session-Id", "named-chat");
            if (key is not null)
            {
                request.Headers.Add("Idempotency-Key", key);
            }

            return server.Http.SendAsync(request);
        }
    }

    [Fact]
    public async Task Many_clients_that_come_and_go_leave_the_ledger_exact()
    {
        await Task.WhenAll(Enumerable.Range(0, 60).Select(async i =>
        {
            using var leave = new CancellationTokenSource();
            if (i % 3 == 0)
            {
                leave.CancelAfter(TimeSpan.FromMilliseconds(20 + (7 * i)));
            }

            try
            {
                string body = $$"""{"model":"needle","messages":[{"role":"user","content":"question {{i}}"}],"max_tokens":12,"stream":{{(i % 2 == 0 ? "true" : "false")}} }""";
                using HttpResponseMessage response = await server.Http.PostAsync("/v1/chat/completions", Body(body), leave.Token);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            }
            catch (OperationCanceledException) when (leave.IsCancellationRequested)
            {
            }
        }));

        await server.RequireQuietAsync();
    }

    [Fact]
    public async Task Broken_bodies_are_never_a_fault_of_the_server()
    {
        var random = new Random(7);
        const string Good = """{"model":"needle","messages":[{"role":"user","content":"hi"}],"max_tokens":1,"stop":["x"],"logit_bias":{"3":1},"seed":5}""";
        foreach (string path in (string[])["/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/sessions"])
        {
            for (int i = 0; i < 60; i++)
            {
                char[] broken = Good.ToCharArray();
                for (int j = 0; j <= i % 3; j++)
                {
                    broken[random.Next(broken.Length)] = (char)random.Next(32, 126);
                }

                using HttpResponseMessage response = await server.PostAsync(path, new string(broken));
                Assert.True((int)response.StatusCode < 500, $"{path}: {new string(broken)}: {response.StatusCode}");
            }
        }
    }

    private static StringContent Body(string json) => new(json, System.Text.Encoding.UTF8, "application/json");

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }
}
