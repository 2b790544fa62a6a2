using System.Net;
using System.Text.Json;

namespace KVCluster.Silo.Tests.Gateway;

public class ResponsesTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Facts = "The gate code for amber-falcon is 48213. The badge id for rapid-shrew is 0c46-d1fb. ";

    [Fact]
    public async Task A_response_goes_on_where_the_previous_one_ended()
    {
        JsonElement first = await AskAsync(Facts + "What is the gate code for amber-falcon?", null);
        JsonElement second = await AskAsync("What is the badge id for rapid-shrew?", first);

        Assert.Contains("0c46-d1fb", Text(second), StringComparison.Ordinal);
        Assert.Equal(first.GetProperty("id").GetString(), second.GetProperty("previous_response_id").GetString());
        Assert.Equal(Session(first), Session(second));
        Assert.True(Cached(second) > 0);
    }

    [Fact]
    public async Task A_response_that_is_not_the_last_is_gone_on_from_in_a_fork()
    {
        JsonElement first = await AskAsync(Facts + "What is the gate code for amber-falcon?", null);
        JsonElement second = await AskAsync("Tell me more.", first);
        JsonElement branch = await AskAsync("What is the badge id for rapid-shrew?", first);
        JsonElement third = await AskAsync("And more?", second);
        JsonElement deeper = await AskAsync("What is the gate code for amber-falcon?", branch);

        Assert.Contains("0c46-d1fb", Text(branch), StringComparison.Ordinal);
        Assert.NotEqual(Session(first), Session(branch));
        Assert.Equal(Session(first), Session(third));
        Assert.Equal(Session(branch), Session(deeper));
        Assert.Contains("48213", Text(deeper), StringComparison.Ordinal);
        Assert.True(Cached(branch) > 20);

        JsonElement shown = await (await server.Http.GetAsync($"/v1/sessions/{Session(branch)}/history")).JsonAsync();
        Assert.DoesNotContain("Tell me more", shown.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("resp_0_nobody")]
    [InlineData("resp_x")]
    [InlineData("resp_-1_a")]
    public async Task A_response_that_never_was_is_not_found(string id)
    {
        JsonElement error = await (await server.PostAsync(
            "/v1/responses", $$"""{"model":"needle","input":"x","previous_response_id":"{{id}}"}""")).ErrorAsync(HttpStatusCode.NotFound);

        Assert.Equal("previous_response_not_found", error.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_response_sent_again_with_its_key_has_its_id_and_is_gone_on_from()
    {
        JsonElement first = await KeyedAsync();
        JsonElement second = await AskAsync("What is the badge id for rapid-shrew?", first);
        JsonElement again = await KeyedAsync();
        JsonElement branch = await AskAsync("What is the gate code for amber-falcon?", again);

        Assert.Equal(first.GetProperty("id").GetString(), again.GetProperty("id").GetString());
        Assert.Equal(Text(first), Text(again));
        Assert.Equal(Session(first), Session(second));
        Assert.Contains("48213", Text(branch), StringComparison.Ordinal);

        async Task<JsonElement> KeyedAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/responses")
            {
                Content = ServerRequests.Body($$"""{"model":"needle","input":"{{Facts}}Hello","temperature":0,"max_output_tokens":40}"""),
            };
            request.Headers.Add("X-Session-Id", "keyed");
            request.Headers.Add("Idempotency-Key", "k1");
            return await (await server.Http.SendAsync(request)).JsonAsync();
        }
    }

    [Fact]
    public async Task A_turn_that_was_not_made_yet_is_not_found()
    {
        JsonElement first = await AskAsync("Hello", null);
        string later = first.GetProperty("id").GetString()!.Replace("resp_0_", "resp_7_", StringComparison.Ordinal);

        await (await server.PostAsync("/v1/responses", $$"""{"model":"needle","input":"x","previous_response_id":"{{later}}"}"""))
            .ErrorAsync(HttpStatusCode.NotFound);
    }

    private async Task<JsonElement> AskAsync(string input, JsonElement? previous)
    {
        string follows = previous is { } p ? $",\"previous_response_id\":\"{p.GetProperty("id").GetString()}\"" : "";
        return await (await server.PostAsync(
            "/v1/responses", $$"""{"model":"needle","input":"{{input}}","temperature":0,"max_output_tokens":40{{follows}}}""")).JsonAsync();
    }

    private static string Text(JsonElement response) =>
        response.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString()!;

    private static string Session(JsonElement response)
    {
        string id = response.GetProperty("id").GetString()!;
        return id[(id.IndexOf('_', "resp_".Length) + 1)..];
    }

    private static int Cached(JsonElement response) =>
        response.GetProperty("usage").GetProperty("input_tokens_details").GetProperty("cached_tokens").GetInt32();
}
