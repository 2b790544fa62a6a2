using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KVCluster.Silo.Gateway.OpenApi;

namespace KVCluster.Silo.Tests.Gateway;

/// <summary>Whatever comes in is answered with a reason and never is a fault of the server.</summary>
public class FuzzTests(TestServer server) : IClassFixture<TestServer>
{
    private const int Rounds = 60;

    private static readonly string[] Rich =
    [
        """
        {"model":"needle","messages":[{"role":"system","content":"a"},{"role":"user","content":[{"type":"text","text":"hi"}]},
         {"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
         {"role":"tool","tool_call_id":"1","content":"3"},{"role":"user","content":"go on"}],"max_tokens":2,"stop":["x"],"logit_bias":{"3":1},"seed":5,
         "n":2,"logprobs":true,"top_logprobs":2,"stream":false,"stream_options":{"include_usage":true},"temperature":0.5,"top_p":0.5,
         "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"a":{"type":"integer"},
         "b":{"type":"array","items":{"$ref":"#/$defs/c"},"maxItems":2}},"required":["a"],"$defs":{"c":{"enum":[1,"x"]}}}}}],
         "tool_choice":{"type":"function","function":{"name":"f"}}}
        """,
        """
        {"model":"needle","messages":[{"role":"user","content":"hi"}],"max_completion_tokens":2,"response_format":{"type":"json_schema","json_schema":{"name":"n",
         "schema":{"type":"object","properties":{"k":{"anyOf":[{"type":"string","minLength":1,"maxLength":3},{"const":4}]},"l":{"type":["null","boolean"]}},
         "required":["k"],"additionalProperties":false}}}}
        """,
    ];

    private static readonly Func<Random, JsonNode?>[] Values =
    [
        _ => null, _ => true, _ => -1, _ => 0, _ => 0.5, _ => long.MaxValue, _ => 1e308, _ => "", _ => "x", _ => "#/..", _ => "\u0000\ufffd\u202e",
        _ => new JsonArray(), _ => new JsonObject(), _ => new JsonArray(new JsonArray(), null, 1), _ => new JsonObject { ["type"] = "object", ["$ref"] = "#" },
        random => new string('a', random.Next(3000)), random => random.Next(), _ => Deep(),
    ];

    public static TheoryData<string, string> Bodies()
    {
        var data = new TheoryData<string, string>();
        foreach (string body in Rich)
        {
            data.Add("/v1/chat/completions", body);
        }

        foreach (ApiOperation operation in ApiDocument.Operations("needle").Where(o => o.Example is not null))
        {
            data.Add(operation.Path.Replace("{id}", "fuzzed", StringComparison.Ordinal), operation.Example!);
        }

        return data;
    }

    [Theory, MemberData(nameof(Bodies))]
    public async Task Bodies_with_a_part_replaced_removed_or_added_are_answered_with_a_reason(string path, string body)
    {
        await server.PostAsync("/v1/sessions", """{"id":"fuzzed"}""");
        var random = new Random(path.Length + body.Length);
        for (int i = 0; i < Rounds; i++)
        {
            JsonNode root = JsonNode.Parse(body)!;
            for (int j = 0; j <= i % 2; j++)
            {
                Mutate(root, random);
            }

            await AnsweredAsync(path, root.ToJsonString());
        }
    }

    [Theory, MemberData(nameof(Bodies))]
    public async Task Bodies_with_bytes_changed_are_answered_with_a_reason(string path, string body)
    {
        var random = new Random(body.Length);
        for (int i = 0; i < Rounds / 2; i++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(body);
            for (int j = 0; j <= i % 3; j++)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            await AnsweredAsync(path, i % 5 == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
        }
    }

    [Theory]
    [InlineData("Authorization", "Bearer \u00e9")]
    [InlineData("Authorization", "Bearer")]
    [InlineData("Authorization", "Basic eDp5")]
    [InlineData("X-Session-Id", "")]
    [InlineData("X-Session-Id", "a/b")]
    [InlineData("X-Session-Id", "../../etc")]
    [InlineData("X-Session-Id", "auto-none")]
    [InlineData("X-Session-Id", "\u00e9\u00e9")]
    [InlineData("Idempotency-Key", "with space")]
    [InlineData("Idempotency-Key", "")]
    [InlineData("Content-Type", "text/plain; charset=utf-16")]
    [InlineData("Content-Type", "nonsense")]
    [InlineData("Content-Encoding", "gzip")]
    [InlineData("Accept", "image/png;q=nan")]
    [InlineData("Expect", "200-maybe")]
    [InlineData("Content-Length", "-5")]
    [InlineData("Transfer-Encoding", "zip")]
    [InlineData("Host", "[::")]
    [InlineData("X-Forwarded-For", "\u0001\u0002")]
    public async Task Headers_of_any_kind_are_answered_or_refused(string name, string value)
    {
        const string Body = """{"model":"needle","messages":[{"role":"user","content":"hi"}],"max_tokens":1}""";
        string host = name == "Host" ? "" : "Host: x\r\n";
        string length = name is "Content-Length" or "Transfer-Encoding" ? "" : $"Content-Length: {Body.Length}\r\n";
        using RawConnection connection = await RawConnection.OpenAsync(server.Host.Address);
        await connection.WriteAsync($"POST /v1/chat/completions HTTP/1.1\r\n{host}{length}{name}: {value}\r\nConnection: close\r\n\r\n{Body}");

        int? status = await connection.StatusAsync();

        Assert.True(status is (>= 200 and < 500), $"{name}: {value} gave {status}");
    }

    [Theory]
    [InlineData("/v1/sessions?limit=99999999999999999999")]
    [InlineData("/v1/sessions?limit=1&after=%00")]
    [InlineData("/v1/sessions?after=%F0%9F%98%80")]
    [InlineData("/v1/sessions/%2e%2e%2fetc")]
    [InlineData("/v1/sessions/a%01b/history?start=-1")]
    [InlineData("/v1/sessions/fuzzed/history?start=2147483648")]
    [InlineData("/v1/models/%25")]
    [InlineData("/openapi/../v1/models/..")]
    [InlineData("//v1/models")]
    public async Task Paths_of_any_kind_are_answered_with_a_reason(string path)
    {
        using HttpResponseMessage response = await server.Http.GetAsync(new Uri(server.Host.Address + path.TrimStart('/'), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        await RequireReasonAsync(response, path);
    }

    private async Task AnsweredAsync(string path, string body) => await AnsweredAsync(path, Encoding.UTF8.GetBytes(body));

    private async Task AnsweredAsync(string path, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try
        {
            using HttpResponseMessage response = await server.Http.PostAsync(path, content, patience.Token);
            await RequireReasonAsync(response, Encoding.UTF8.GetString(body));
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            // The limit of its length was taken away: it generates, and need not be waited for.
        }
    }

    private async Task RequireReasonAsync(HttpResponseMessage response, string request)
    {
        int status = (int)response.StatusCode;
        Assert.True(status is >= 200 and < 500, $"{status} for {request}: {string.Join('\n', server.Faults.Errors)}");
        if (status >= 400)
        {
            using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            Assert.NotEmpty(answer.RootElement.GetProperty("error").GetProperty("message").GetString()!);
        }
    }

    private static void Mutate(JsonNode root, Random random)
    {
        JsonNode[] holders = [.. Holders(root)];
        JsonNode holder = holders[random.Next(holders.Length)];
        JsonNode? value = Values[random.Next(Values.Length)](random);
        if (holder is JsonArray array)
        {
            if (array.Count > 0 && random.Next(3) > 0)
            {
                array[random.Next(array.Count)] = value;
            }
            else
            {
                array.Add(value);
            }

            return;
        }

        JsonObject fields = holder.AsObject();
        string[] names = [.. fields.Select(f => f.Key)];
        string name = names.Length == 0 ? "x" : names[random.Next(names.Length)];
        switch (random.Next(6))
        {
            case 0:
                fields.Remove(name);
                break;

            case 1:
                fields[name + "x"] = value;
                break;

            default:
                fields[name] = value;
                break;
        }
    }

    private static IEnumerable<JsonNode> Holders(JsonNode node) => node switch
    {
        JsonObject fields => [node, .. fields.Select(f => f.Value).OfType<JsonNode>().SelectMany(Holders)],
        JsonArray items => [node, .. items.OfType<JsonNode>().SelectMany(Holders)],
        _ => [],
    };

    private static JsonNode Deep()
    {
        JsonNode node = new JsonArray();
        for (int i = 0; i < 40; i++)
        {
            node = i % 2 == 0 ? new JsonObject { ["items"] = node } : new JsonArray(node);
        }

        return node;
    }
}
