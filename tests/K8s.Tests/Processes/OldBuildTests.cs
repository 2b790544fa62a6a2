#if !ORLEANS
using System.Text.Json;
using Xunit.Abstractions;

namespace KVCluster.K8s.Tests.Processes;

/// <summary>
/// An earlier build and this one take turns on the same two Redis servers, as in an upgrade and its way back: conversations go on, token by token as with
/// one build alone, and caches, whole and cut, are read by the other build and not computed anew.
/// </summary>
public sealed class OldBuildTests(ITestOutputHelper output)
{
    private const string Policy = "kvcompose";

    [OldBuildFact]
    public async Task Under_load_an_upgrade_and_its_way_back_lose_no_token_and_no_cache()
    {
        await using RedisPair redis = await RedisPair.StartAsync();
        var load = new Load();
        ServeProcess serving = await StartAsync("s0", redis, isOld: true);
        try
        {
            load.Serve(serving);
            load.Begin();
            foreach ((int turn, bool isOld) in ((int, bool)[])[(1, false), (3, true), (5, false)])
            {
                await load.ReachedAsync(turn);
                await using ServeProcess leaving = serving;
                serving = await StartAsync($"s{turn}", redis, isOld);
                load.Serve(serving);
                leaving.Signal(ServeProcess.Terminate);
                Assert.Equal(0, await leaving.EndedAsync());
            }

            Assert.Equal(await Undisturbed.TokensAsync(), await load.EndAsync());
            output.WriteLine($"cached: {string.Join(" | ", load.Talkers.Select(talker => string.Join(' ', talker.Cached)))}");
            Assert.All(load.Talkers, talker => Assert.All(talker.Cached.Skip(1), cached => Assert.True(cached > 0, string.Join(' ', talker.Cached))));
        }
        finally
        {
            await serving.DisposeAsync();
        }
    }

    [OldBuildFact]
    public Task A_cut_cache_of_the_earlier_build_is_gone_on_with() => GoesOnAsync(makesIt: true);

    [OldBuildFact]
    public Task A_cut_cache_of_this_build_is_gone_on_with_by_the_earlier_one() => GoesOnAsync(makesIt: false);

    /// <summary>One build speaks, cuts and leaves; the other answers as the first one would have, from the cut copy.</summary>
    private async Task GoesOnAsync(bool makesIt)
    {
        (string expected, _, _) = await SpeakAsync(makesIt, makesIt);
        (string answer, int cached, int history) = await SpeakAsync(makesIt, !makesIt);
        output.WriteLine($"{cached} of {history} tokens from the copy: {answer}");
        Assert.Equal(expected, answer);
        Assert.InRange(cached, history - 1, history);
    }

    private static async Task<(string Answer, int Cached, int History)> SpeakAsync(bool isOld, bool isNextOld)
    {
        await using RedisPair redis = await RedisPair.StartAsync();
        await using (ServeProcess first = await StartAsync("first", redis, isOld))
        {
            await PostAsync(first, "/v1/sessions", """{"id":"s"}""");
            await SayAsync(first, "The gate code for amber-falcon is 48213. The wind came from the school at noon. Nobody had waited for so long. ");
            await SayAsync(first, "The badge id for rapid-shrew is 0c46-d1fb. ");
            await PostAsync(first, "/v1/sessions/s/compress", $$"""{"policy":"{{Policy}}","keep":0.5}""");
            await PostAsync(first, "/v1/sessions/s/demote", "{}");
            first.Signal(ServeProcess.Terminate);
            Assert.Equal(0, await first.EndedAsync());
        }

        await using ServeProcess second = await StartAsync("second", redis, isNextOld);
        JsonElement turn = await SayAsync(second, "What is the gate code for amber-falcon?");
        string answer = turn.GetProperty("text").GetString()!;
        return (answer, turn.GetProperty("cached_tokens").GetInt32(), turn.GetProperty("history_tokens").GetInt32());
    }

    private static Task<ServeProcess> StartAsync(string name, RedisPair redis, bool isOld) =>
        ServeProcess.StartAsync(name, redis.Settings(), build: isOld ? OldBuildFactAttribute.Folder : null);

    private static Task<JsonElement> SayAsync(ServeProcess server, string text) => PostAsync(
        server, "/v1/sessions/s/messages", $$$"""{"text":"{{{text}}}","sampling":{"max_tokens":24,"temperature":0}}""");

    private static async Task<JsonElement> PostAsync(ServeProcess server, string path, string body)
    {
        using var http = new HttpClient { BaseAddress = server.Address };
        using HttpResponseMessage answer = await http.PostAsync(path, new StringContent(body));
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode} {text}");
        return JsonDocument.Parse(text.Length == 0 ? "null" : text).RootElement;
    }
}
#endif
