using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KVCluster.Silo.Tests.Gateway;

public class SessionFileTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Say = """{"message":"The gate code for amber-falcon is 48213. What is the gate code for amber-falcon?","sampling":{"max_tokens":24,"stop":["."]}}""";

    [Fact]
    public async Task A_session_goes_on_under_another_id_with_its_history_options_and_recorded_turns()
    {
        string file = await ExportedAsync("carried");
        HttpResponseMessage imported = await server.PostAsync("/v1/sessions/again/import", file);
        JsonElement session = await imported.JsonAsync();
        JsonElement history = await (await server.Http.GetAsync("/v1/sessions/again/history")).JsonAsync();
        JsonElement original = await (await server.Http.GetAsync("/v1/sessions/carried/history")).JsonAsync();
        JsonElement repeated = await (await SayAsync("again", Say, "k1")).JsonAsync();
        JsonElement next = await (await SayAsync("again", """{"message":"And again?","sampling":{"max_tokens":4}}""", "k2")).JsonAsync();

        Assert.Equal(HttpStatusCode.Created, imported.StatusCode);
        Assert.Equal("/v1/sessions/again", imported.Headers.Location!.ToString());
        Assert.Equal((1, -5), (session.GetProperty("turns").GetInt32(), session.GetProperty("priority").GetInt32()));
        Assert.Equal(original.GetProperty("text").GetString(), history.GetProperty("text").GetString());
        Assert.Equal(original.GetProperty("tokens").ToString(), history.GetProperty("tokens").ToString());
        Assert.True(repeated.GetProperty("repeated").GetBoolean());
        Assert.Contains("48213", repeated.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(original.GetProperty("total").GetInt32(), next.GetProperty("history_tokens").GetInt32());
        Assert.Equal(file, await ExportedAgainAsync("carried"));
        Assert.Equal(HttpStatusCode.Conflict, (await SayAsync("again", """{"message":"other"}""", "k1")).StatusCode);
    }

    [Fact]
    public async Task Imported_twice_it_is_the_same_session_and_over_another_it_is_refused()
    {
        string file = await ExportedAsync("twice");
        Assert.Equal(HttpStatusCode.Created, (await server.PostAsync("/v1/sessions/twice-b/import", file)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await server.PostAsync("/v1/sessions/twice-b/import", file)).StatusCode);
        await server.PostAsync("/v1/sessions", """{"id":"twice-c"}""");

        await (await server.PostAsync("/v1/sessions/twice-c/import", file)).ErrorAsync(HttpStatusCode.Conflict);
        JsonElement own = await (await server.PostAsync("/v1/sessions/auto-mine/import", file)).ErrorAsync(HttpStatusCode.BadRequest);
        Assert.Contains("server's own", own.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_cut_short_or_with_any_byte_changed_is_refused()
    {
        byte[] file = Encoding.UTF8.GetBytes(await ExportedAsync("broken"));
        var random = new Random(3);
        for (int i = 0; i < 200; i++)
        {
            byte[] broken = i % 4 == 0 ? file[..random.Next(file.Length - 2)] : [.. file];
            if (i % 4 != 0)
            {
                int at = random.Next(file.Length - 1);
                broken[at] = (byte)(broken[at] ^ (1 << random.Next(8)));
            }

            using var content = new ByteArrayContent(broken);
            using HttpResponseMessage response = await server.Http.PostAsync($"/v1/sessions/broken-{i}/import", content);
            await response.ErrorAsync(HttpStatusCode.BadRequest);
        }
    }

    [Theory]
    [InlineData("tokens", "[1,2]", "kept turn 0")]
    [InlineData("tokens", "null", "null")]
    [InlineData("turns", "0", "fewer than")]
    [InlineData("model", "\"another\"", "another")]
    [InlineData("priority", "-1000", "priority")]
    [InlineData("recent", "[null]", "missing")]
    [InlineData("sampling", "{\"temperature\":-1}", "temperature")]
    [InlineData("color", "1", "color")]
    public async Task A_file_that_contradicts_itself_is_refused_and_the_fault_is_named(string field, string value, string said)
    {
        JsonObject file = JsonNode.Parse(await ExportedAsync("forged"))!.AsObject();
        file["session"]![field] = JsonNode.Parse(value);
        Sign(file);

        JsonElement error = await (await server.PostAsync($"/v1/sessions/forged-{field}/import", file.ToJsonString())).ErrorAsync(HttpStatusCode.BadRequest);

        Assert.Contains(said, error.GetProperty("message").GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync($"/v1/sessions/forged-{field}")).StatusCode);
    }

    [Fact]
    public async Task A_token_that_the_model_lacks_is_named()
    {
        JsonObject file = JsonNode.Parse(await ExportedAsync("alien"))!.AsObject();
        file["session"]!["tokens"]![3] = 1 << 30;
        Sign(file);

        JsonElement error = await (await server.PostAsync("/v1/sessions/alien-b/import", file.ToJsonString())).ErrorAsync(HttpStatusCode.BadRequest);

        Assert.Contains("token 3", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"format":"kvcluster-session","version":2,"sha256":"","session":{}}""", "version 2")]
    [InlineData("""{"format":"other","version":1,"sha256":"","session":{}}""", "no session file")]
    [InlineData("""{"format":"kvcluster-session","version":1,"sha256":""}""", "session")]
    [InlineData("""{"format":"kvcluster-session","version":1,"sha256":"","session":{}}""", "checksum")]
    [InlineData("""{"format":"kvcluster-session","version":1,"sha256":"","session":{},"more":1}""", "more")]
    [InlineData("[]", "object")]
    [InlineData("", "")]
    public async Task What_is_no_session_file_is_refused(string file, string said)
    {
        JsonElement error = await (await server.PostAsync("/v1/sessions/none-b/import", file)).ErrorAsync(HttpStatusCode.BadRequest);

        Assert.Contains(said, error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_that_is_not_there_cannot_be_exported() =>
        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync("/v1/sessions/nobody/export")).StatusCode);

    private async Task<string> ExportedAsync(string id)
    {
        await server.PostAsync("/v1/sessions", $$"""{"id":"{{id}}","priority":-5,"system":"Answer."}""");
        await (await SayAsync(id, Say, "k1")).JsonAsync();
        return await ExportedAgainAsync(id);
    }

    private async Task<string> ExportedAgainAsync(string id)
    {
        HttpResponseMessage response = await server.Http.GetAsync($"/v1/sessions/{id}/export");
        await response.JsonAsync();
        return await response.Content.ReadAsStringAsync();
    }

    private Task<HttpResponseMessage> SayAsync(string id, string body, string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/sessions/{id}/messages") { Content = ServerRequests.Body(body) };
        request.Headers.Add("Idempotency-Key", key);
        return server.Http.SendAsync(request);
    }

    private static void Sign(JsonObject file) =>
        file["sha256"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file["session"]!.ToJsonString())));
}
