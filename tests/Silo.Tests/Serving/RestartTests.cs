using System.Text.Json;
using KVCluster.Silo.Tests.Gateway;

namespace KVCluster.Silo.Tests.Serving;

public sealed class RestartTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task After_a_restart_a_conversation_goes_on_from_its_cold_copy()
    {
        JsonElement before = await SayAsync("long", string.Join(' ', Enumerable.Range(0, 30).Select(i => $"The color of the house number {i} is blue.")));

        await server.RestartAsync();
        JsonElement after = await SayAsync("long", "And the last?");

        Assert.Equal(Number(before, "prompt_tokens") + Number(before, "answer_tokens"), Number(after, "history_tokens"));
        Assert.Equal(Number(after, "history_tokens") - 1, Number(after, "cached_tokens"));
    }

    [Fact]
    public async Task After_a_restart_a_conversation_of_fewer_tokens_than_a_look_is_worth_is_computed()
    {
        await SayAsync("short", "The color of the house is blue.");

        await server.RestartAsync();
        JsonElement after = await SayAsync("short", "And the door?");

        Assert.InRange(Number(after, "history_tokens"), 10, 63);
        Assert.Equal(0, Number(after, "cached_tokens"));
    }

    [Fact]
    public async Task Conversations_survive_a_restart_where_cold_copies_share_their_folder()
    {
        var server = new SharedFolderServer();
        await server.InitializeAsync();
        try
        {
            await server.PostAsync("/v1/sessions", """{"id":"shared"}""");
            await server.PostAsync("/v1/sessions/shared/append", """{"text":"The color of the house is blue."}""");
            JsonElement before = await (await server.Http.GetAsync("/v1/sessions/shared/history")).JsonAsync();

            await server.RestartAsync();

            JsonElement after = await (await server.Http.GetAsync("/v1/sessions/shared/history")).JsonAsync();
            Assert.Equal(before.GetProperty("tokens").GetRawText(), after.GetProperty("tokens").GetRawText());
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private async Task<JsonElement> SayAsync(string id, string text)
    {
        await server.PostAsync("/v1/sessions", $$"""{"id":"{{id}}"}""");
        return await (await server.PostAsync(
            $"/v1/sessions/{id}/messages", JsonSerializer.Serialize(new { message = text, sampling = new { max_tokens = 8 } }))).JsonAsync();
    }

    private static int Number(JsonElement turn, string name) => turn.GetProperty(name).GetInt32();

    /// <summary>A server whose cold copies are in the very folder of its conversations.</summary>
    private sealed class SharedFolderServer : TestServer
    {
        private protected override IEnumerable<KeyValuePair<string, string?>> MoreSettings => [new("Cold:Store", Folder)];
    }
}
