using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KVCluster.Benchmarks.Http;

/// <summary>How long a client waits for the first token of an answer: to a long document for the first time, and to its next question.</summary>
internal static class FirstToken
{
    private const int Rounds = 5;

    public static async Task RunAsync(string model)
    {
        await using RealServer server = await RealServer.StartAsync(model, Environment.ProcessorCount);
        using var http = new HttpClient { BaseAddress = server.Host.Address, Timeout = TimeSpan.FromMinutes(10) };
        int limit = Math.Min(4096, server.Host.Nodes[0].Model.Config.ContextLength - 300);
        List<double> cold = [];
        List<double> warm = [];
        int cached = 0;
        for (int round = 0; round < Rounds; round++)
        {
            var messages = new JsonArray(Message("user", Document(server, limit, round) + "What was it?"));
            cold.Add(await FirstAsync(server.Host.Address, messages));
            messages.Add(Message("assistant", await AnswerAsync(http, messages)));
            messages.Add(Message("user", "And once more?"));
            warm.Add(await FirstAsync(server.Host.Address, messages));
            cached = await CachedAsync(http, messages);
        }

        double without = Middle(cold);
        double with = Middle(warm);
        Console.WriteLine(
            $"first token of a conversation of about {limit} tokens: {without * 1000:0.0} ms computed whole, {with * 1000:0.0} ms after a hit ({cached} tokens cached): "
            + $"{without / with:0.0}x (medians of {Rounds})");
    }

    private static double Middle(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    private static JsonObject Request(JsonArray messages, int most, bool stream) => new()
    {
        ["model"] = "m",
        ["messages"] = messages.DeepClone(),
        ["max_tokens"] = most,
        ["temperature"] = 0,
        ["stream"] = stream,
    };

    private static async Task<double> FirstAsync(Uri server, JsonArray messages)
    {
        string body = Request(messages, 1, stream: true).ToJsonString();
        long start = Stopwatch.GetTimestamp();
        using EventStream stream = await EventStream.PostAsync(server, body);
        await stream.ReadAsync(atLeast: 1);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await stream.ReadAsync();
        return seconds;
    }

    /// <summary>The same question again makes the same one token, from a fork of the session.</summary>
    private static async Task<string> AnswerAsync(HttpClient http, JsonArray messages)
    {
        JsonElement body = await SendAsync(http, Request(messages, 1, stream: false));
        return body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
    }

    private static async Task<int> CachedAsync(HttpClient http, JsonArray messages) =>
        (await SendAsync(http, Request(messages, 1, stream: false))).GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32();

    private static async Task<JsonElement> SendAsync(HttpClient http, JsonObject request)
    {
        using HttpResponseMessage response = await http.PostAsJsonAsync("/v1/chat/completions", request);
        return await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
    }

    private static string Document(RealServer server, int tokens, int seed)
    {
        string text = "";
        for (int line = 0; server.Host.Nodes[0].Model.Tokenizer.EncodeDocument(text, parseSpecial: false).Length < tokens; line += 20)
        {
            text += string.Concat(Enumerable.Range(line, 20).Select(i => $"Line {i} of document {seed} says nothing new. "));
        }

        return text[..(text.Length - 400)];
    }
}
