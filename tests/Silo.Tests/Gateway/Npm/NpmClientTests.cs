using System.Text.Json;
using KVCluster.TestSupport;

namespace KVCluster.Silo.Tests.Gateway.Npm;

/// <summary>The npm package "openai" against a real server.</summary>
public sealed class NpmClientTests : IClassFixture<ExactServer>
{
    private const string Package = "openai@6.30.1";
    private readonly ExactServer _server;

    public NpmClientTests(ExactServer server) => _server = server;

    [NodePackageFact(Package)]
    public async Task It_is_served_as_by_openai_and_recorded_conversations_come_out_as_recorded()
    {
        RecordedConversation[] recorded = [.. RecordedConversation.All().Take(3)];
        JsonElement came = await RunAsync([.. recorded.Select(r => r.Questions)]);

        Assert.Equal("needle", Assert.Single(came.GetProperty("models").EnumerateArray()).GetString());
        JsonElement whole = came.GetProperty("whole");
        JsonElement streamed = came.GetProperty("streamed");
        Assert.Equal(whole.GetProperty("text").GetString(), streamed.GetProperty("text").GetString());
        Assert.Equal(whole.GetProperty("finish").GetString(), streamed.GetProperty("finish").GetString());
        Assert.Equal(
            whole.GetProperty("usage").GetProperty("total_tokens").GetInt32(), streamed.GetProperty("usage").GetProperty("total_tokens").GetInt32());
        Assert.Equal([4, 4, 4], came.GetProperty("several").EnumerateArray().Select(n => n.GetInt32()));
        Assert.Contains(came.GetProperty("kind").GetString(), (string[])["number", "word"]);
        Assert.NotEmpty(came.GetProperty("text").GetString()!);
        JsonElement call = came.GetProperty("call");
        JsonElement function = call.GetProperty("message").GetProperty("tool_calls")[0].GetProperty("function");
        Assert.Equal(("tool_calls", "get_time"), (call.GetProperty("finish_reason").GetString(), function.GetProperty("name").GetString()));
        Assert.Contains(JsonDocument.Parse(function.GetProperty("arguments").GetString()!).RootElement.GetProperty("zone").GetString(), (string[])["utc", "cet"]);

        AssertError(came.GetProperty("notFound"), "NotFoundError", 404, "model_not_found", "model");
        AssertError(came.GetProperty("wrong"), "BadRequestError", 400, "invalid_type", "temperature");
        AssertError(came.GetProperty("unknown"), "BadRequestError", 400, "unknown_parameter", "frobnicate");

        JsonElement responses = came.GetProperty("responses");
        Assert.Contains("48213", responses.GetProperty("first").GetString(), StringComparison.Ordinal);
        Assert.True(responses.GetProperty("cached").GetInt32() > 0);
        string[] events = [.. responses.GetProperty("events").EnumerateArray().Select(e => e.GetString()!)];
        Assert.Equal("response.created", events[0]);
        Assert.Contains(events[^1], (string[])["response.completed", "response.incomplete"]);
        Assert.NotEmpty(responses.GetProperty("text").GetString()!);

        Assert.True(recorded.Length > 0 || TestPaths.SkipReason(Path.Combine(TestPaths.Goldens, RecordedConversation.Part)) is not null);
        foreach ((int i, JsonElement held) in came.GetProperty("conversations").EnumerateArray().Index())
        {
            Assert.Equal(recorded[i].Answers, held.GetProperty("answers").EnumerateArray().Select(a => a.GetString()));
            Assert.All(held.GetProperty("cached").EnumerateArray().Skip(1), cached => Assert.True(cached.GetInt32() > 0));
        }

        await _server.RequireQuietAsync();
    }

    private static void AssertError(JsonElement error, string type, int status, string code, string param) => Assert.Equal(
        (type, status, code, param),
        (error.GetProperty("type").GetString(), error.GetProperty("status").GetInt32(), error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));

    private async Task<JsonElement> RunAsync(string[][] conversations)
    {
        using var folder = new TemporaryFolder();
        Assert.NotNull(NodePackageFactAttribute.Run(
            "npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder.Path, Package], folder.Path));
        string script = folder.Write("client.js", File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "client.js")));
        string held = folder.Write("conversations.json", JsonSerializer.Serialize(conversations));
        string? output = await Task.Run(() => NodePackageFactAttribute.Run("node", [script, _server.Endpoint.ToString(), held], folder.Path));
        Assert.NotNull(output);
        return JsonDocument.Parse(output).RootElement;
    }
}
