using System.Net;
using System.Text.Json;

namespace KVCluster.Silo.Tests.Gateway;

public class SessionApiTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task A_session_lives_from_creation_to_close()
    {
        Assert.Equal(HttpStatusCode.Created, (await server.PostAsync("/v1/sessions", """{"id":"life","system":"Be brief."}""")).StatusCode);
        JsonElement turn = await (await server.PostAsync("/v1/sessions/life/messages", """{"message":"Hello","sampling":{"max_tokens":5}}""")).JsonAsync();
        JsonElement shown = await (await server.Http.GetAsync("/v1/sessions/life")).JsonAsync();
        JsonElement history = await (await server.Http.GetAsync("/v1/sessions/life/history")).JsonAsync();

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
        using var first = new HttpRequestMessage(HttpMethod.Post, "/v1/sessions/again/messages") { Content = ServerRequests.Body("""{"message":"Hello","sampling":{"max_tokens":4}}""") };
        using var second = new HttpRequestMessage(HttpMethod.Post, "/v1/sessions/again/messages") { Content = ServerRequests.Body("""{"message":"Hello","sampling":{"max_tokens":4}}""") };
        using var other = new HttpRequestMessage(HttpMethod.Post, "/v1/sessions/again/messages") { Content = ServerRequests.Body("""{"message":"Bye"}""") };
        foreach (HttpRequestMessage request in (HttpRequestMessage[])[first, second, other])
        {
            request.Headers.Add("Idempotency-Key", "k1");
        }

        JsonElement made = await (await server.Http.SendAsync(first)).JsonAsync();
        JsonElement repeated = await (await server.Http.SendAsync(second)).JsonAsync();

        Assert.Equal(made.GetProperty("text").GetString(), repeated.GetProperty("text").GetString());
        Assert.True(repeated.GetProperty("repeated").GetBoolean());
        Assert.Equal(HttpStatusCode.Conflict, (await server.Http.SendAsync(other)).StatusCode);
    }

    [Fact]
    public async Task A_cache_is_compressed_made_whole_and_demoted()
    {
        await server.PostAsync("/v1/sessions", """{"id":"cut"}""");
        string text = string.Concat(Enumerable.Range(0, 60).Select(i => $"Line {i} says nothing new. "));
        await (await server.PostAsync("/v1/sessions/cut/messages", $$$"""{"message":"{{{text}}}","sampling":{"max_tokens":2}}""")).JsonAsync();
        JsonElement before = (await (await server.Http.GetAsync("/v1/sessions/cut")).JsonAsync()).GetProperty("cache");

        JsonElement cut = (await (await server.PostAsync("/v1/sessions/cut/compress", """{"keep":0.25,"policy":"streaming-llm"}""")).JsonAsync()).GetProperty("cache");
        JsonElement whole = (await (await server.PostAsync("/v1/sessions/cut/make-whole", "{}")).JsonAsync()).GetProperty("cache");
        JsonElement demoted = (await (await server.PostAsync("/v1/sessions/cut/demote", "{}")).JsonAsync()).GetProperty("cache");

        int[][] kept = [.. cut.GetProperty("kept").EnumerateArray().Select(row => row.EnumerateArray().Select(head => head.GetInt32()).ToArray())];
        Assert.Equal(cut.GetProperty("kept_tokens").GetDouble(), kept.SelectMany(row => row).Average(), 6);
        Assert.True(kept.Length > 1 && kept.All(row => row.Length == kept[0].Length));
        Assert.False(demoted.TryGetProperty("kept", out _));
        Assert.False(cut.GetProperty("exact").GetBoolean());
        Assert.True(cut.GetProperty("device_bytes").GetInt64() < before.GetProperty("device_bytes").GetInt64() / 2);
        JsonElement entry = cut.GetProperty("compressions")[0];
        Assert.Equal(("streaming-llm", "asked"), (entry.GetProperty("policy").GetString(), entry.GetProperty("cause").GetString()));
        Assert.InRange(entry.GetProperty("at").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow);
        Assert.True(whole.GetProperty("exact").GetBoolean());
        Assert.Equal(0, demoted.GetProperty("device_bytes").GetInt64());
        Assert.Equal(HttpStatusCode.BadRequest, (await server.PostAsync("/v1/sessions/cut/compress", """{"keep":0.5,"policy":"nonsense"}""")).StatusCode);
    }

    [Fact]
    public async Task A_cache_is_pinned_for_a_time_and_let_go()
    {
        await server.PostAsync("/v1/sessions", """{"id":"pinned"}""");
        await (await server.PostAsync("/v1/sessions/pinned/append", """{"text":"a word"}""")).JsonAsync();

        JsonElement pinned = await (await server.PostAsync("/v1/sessions/pinned/pin", """{"seconds":60}""")).JsonAsync();
        JsonElement free = await (await server.PostAsync("/v1/sessions/pinned/pin", """{"seconds":0}""")).JsonAsync();

        Assert.InRange(pinned.GetProperty("pinned_until").GetDateTimeOffset(), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddSeconds(60));
        Assert.False(free.TryGetProperty("pinned_until", out _));
        foreach (string body in (string[])["{}", """{"seconds":-1}""", """{"seconds":86401}"""])
        {
            await (await server.PostAsync("/v1/sessions/pinned/pin", body)).ErrorAsync(HttpStatusCode.BadRequest);
        }
    }

    [Fact]
    public async Task The_list_comes_in_pages()
    {
        for (int i = 0; i < 5; i++)
        {
            await server.PostAsync("/v1/sessions", $$"""{"id":"page-{{i}}"}""");
        }

        JsonElement page = await (await server.Http.GetAsync("/v1/sessions?limit=2&after=page-0")).JsonAsync();

        Assert.Equal(["page-1", "page-2"], page.GetProperty("data").EnumerateArray().Select(s => s.GetProperty("id").GetString()));
        Assert.Equal("page-2", page.GetProperty("next").GetString());
    }

    [Theory]
    [InlineData("/v1/sessions?limit=0", "limit")]
    [InlineData("/v1/sessions/none", "no such session")]
    [InlineData("/v1/elsewhere", "there is no GET")]
    [InlineData("/elsewhere.txt", "there is no GET")]
    [InlineData("/v1/models/some/model", "the model 'some/model' does not exist")]
    public async Task What_is_not_there_is_said(string path, string said)
    {
        HttpResponseMessage response = await server.Http.GetAsync(path);

        Assert.InRange((int)response.StatusCode, 400, 499);
        Assert.Contains(said, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("auto-mine", "server's own")]
    [InlineData("..", "..")]
    [InlineData(".", ".")]
    public async Task An_id_that_no_client_may_have_is_taken_by_no_way(string id, string said)
    {
        await server.PostAsync("/v1/sessions", """{"id":"taker"}""");

        foreach ((string path, string field) in ((string, string)[])[("/v1/sessions", "id"), ("/v1/sessions/taker/fork", "session")])
        {
            JsonElement error = await (await server.PostAsync(path, $$"""{"{{field}}":"{{id}}"}""")).ErrorAsync(HttpStatusCode.BadRequest);
            Assert.Contains(said, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_id_that_was_closed_is_said_to_be()
    {
        await server.PostAsync("/v1/sessions", """{"id":"once"}""");
        await server.Http.DeleteAsync("/v1/sessions/once");
        JsonElement error = await (await server.PostAsync("/v1/sessions", """{"id":"once"}""")).ErrorAsync(HttpStatusCode.NotFound);

        Assert.Contains("not used again", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_requests_that_go_on_from_one_conversation_are_both_answered()
    {
        string text = string.Concat(Enumerable.Range(0, 20).Select(i => $"Line {i} says nothing new. "));
        string first = $$$"""{"model":"needle","messages":[{"role":"user","content":"{{{text}}}"}],"max_tokens":8,"temperature":0}""";
        JsonElement begun = await (await server.PostAsync("/v1/chat/completions", first)).JsonAsync();
        string answer = JsonSerializer.Serialize(begun.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        string next = $$$"""{"model":"needle","messages":[{"role":"user","content":"{{{text}}}"},{"role":"assistant","content":{{{answer}}}},{"role":"user","content":"And?"}],"max_tokens":200,"temperature":0,"logit_bias":{"2":-100}}""";

        HttpResponseMessage[] both = await Task.WhenAll(server.PostAsync("/v1/chat/completions", next), server.PostAsync("/v1/chat/completions", next));

        JsonElement[] answers = [await both[0].JsonAsync(), await both[1].JsonAsync()];
        Assert.Equal(Text(answers[0]), Text(answers[1]));
        Assert.NotEqual(both[0].Headers.GetValues("X-Session-Id").Single(), both[1].Headers.GetValues("X-Session-Id").Single());

        static string? Text(JsonElement chat) => chat.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
    }

    [Fact]
    public async Task A_chat_in_a_named_session_is_answered_from_the_record_when_sent_again_and_refused_when_it_is_another()
    {
        JsonElement made = await (await SendAsync("hello", "k")).JsonAsync();
        JsonElement again = await (await SendAsync("hello", "k")).JsonAsync();

        Assert.Equal(made.GetProperty("choices").ToString(), again.GetProperty("choices").ToString());
        Assert.Equal(HttpStatusCode.Conflict, (await SendAsync("something else", null)).StatusCode);

        Task<HttpResponseMessage> SendAsync(string said, string? key)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
            {
                Content = ServerRequests.Body($$"""{"model":"needle","messages":[{"role":"user","content":"{{said}}"}],"max_tokens":5}"""),
            };
            request.Headers.Add("X-Session-Id", "named-chat");
            if (key is not null)
            {
                request.Headers.Add("Idempotency-Key", key);
            }

            return server.Http.SendAsync(request);
        }
    }
}
