using System.Net;
using System.Text.Json.Nodes;

namespace KVCluster.Silo.Tests.Gateway;

/// <summary>The table of docs/http.md, field by field: what it says is served or ignored is answered, what it says is refused is refused by name.</summary>
public class CompatibilityTests(TestServer server) : IClassFixture<TestServer>
{
    private static readonly string[] Paths = ["/v1/chat/completions", "/v1/completions", "/v1/responses"];

    private static readonly string[] Bodies =
    [
        """{"model":"needle","messages":[{"role":"user","content":"Hi"}],"max_tokens":3}""",
        """{"model":"needle","prompt":"Hi there","max_tokens":3}""",
        """{"model":"needle","input":"Hi","max_output_tokens":3}""",
    ];

    /// <summary>A field (with single quotes for double ones), and for each endpoint: yes, it is taken; no, it is refused; none, what it names is not there; stream, logprobs: taken beside these.</summary>
    public static TheoryData<string, string, string, string> Rows => new()
    {
        { "'max_completion_tokens':3", "yes", "no", "no" },
        { "'max_output_tokens':3", "no", "no", "yes" },
        { "'max_tokens':3", "yes", "yes", "no" },
        { "'temperature':0.5", "yes", "yes", "yes" },
        { "'top_p':0.9", "yes", "yes", "yes" },
        { "'seed':3", "yes", "yes", "yes" },
        { "'stop':['x']", "yes", "yes", "yes" },
        { "'presence_penalty':0.5", "yes", "yes", "yes" },
        { "'frequency_penalty':0.5", "yes", "yes", "yes" },
        { "'logit_bias':{'5': 1}", "yes", "yes", "yes" },
        { "'top_k':5", "yes", "yes", "yes" },
        { "'min_p':0.1", "yes", "yes", "yes" },
        { "'repetition_penalty':1.1", "yes", "yes", "yes" },
        { "'n':2", "yes", "yes", "no" },
        { "'best_of':3", "no", "no", "no" },
        { "'best_of':1", "no", "yes", "no" },
        { "'stream':true", "yes", "yes", "yes" },
        { "'echo':true", "no", "yes", "no" },
        { "'suffix':'x'", "no", "no", "no" },
        { "'suffix':''", "no", "yes", "no" },
        { "'audio':{'voice': 'a', 'format': 'wav'}", "no", "no", "no" },
        { "'web_search_options':{}", "no", "no", "no" },
        { "'modalities':['text']", "yes", "no", "no" },
        { "'modalities':['audio']", "no", "no", "no" },
        { "'background':true", "no", "no", "no" },
        { "'background':false", "no", "no", "yes" },
        { "'truncation':'auto'", "no", "no", "no" },
        { "'truncation':'disabled'", "no", "no", "yes" },
        { "'store':true", "yes", "no", "yes" },
        { "'metadata':{'a': 'b'}", "yes", "no", "yes" },
        { "'service_tier':'auto'", "yes", "no", "yes" },
        { "'safety_identifier':'x'", "yes", "no", "yes" },
        { "'prompt_cache_key':'x'", "yes", "no", "yes" },
        { "'prompt_cache_retention':'24h'", "yes", "no", "yes" },
        { "'prediction':{'type': 'content', 'content': 'x'}", "yes", "no", "no" },
        { "'reasoning_effort':'low'", "yes", "no", "no" },
        { "'verbosity':'low'", "yes", "no", "no" },
        { "'reasoning':{'effort': 'low'}", "no", "no", "yes" },
        { "'text':{'verbosity': 'low'}", "no", "no", "yes" },
        { "'include':[]", "no", "no", "yes" },
        { "'user':'u'", "yes", "yes", "yes" },
        { "'functions':[{'name': 'f'}]", "no", "no", "no" },
        { "'function_call':'auto'", "no", "no", "no" },
        { "'parallel_tool_calls':true", "yes", "no", "yes" },
        { "'max_tool_calls':3", "no", "no", "yes" },
        { "'conversation':'c'", "no", "no", "no" },
        { "'prompt':{'id': 'x'}", "no", "no", "no" },
        { "'instructions':'be brief'", "no", "no", "yes" },
        { "'response_format':{'type': 'json_object'}", "yes", "no", "no" },
        { "'response_format':{'type': 'json_schema', 'json_schema': {'name': 's', 'schema': {'type': 'object', 'properties': {'a': {'type': 'integer'}}, 'required': ['a'], 'additionalProperties': false}}}", "yes", "no", "no" },
        { "'text':{'format': {'type': 'json_schema', 'name': 's', 'schema': {'type': 'object', 'properties': {'a': {'type': 'integer'}}, 'required': ['a'], 'additionalProperties': false}}}", "no", "no", "yes" },
        { "'frobnicate':1", "no", "no", "no" },
        { "'previous_response_id':'resp_x_1'", "no", "no", "none" },
        { "'stream_options':{'include_usage': true}", "stream", "stream", "stream" },
        { "'stream_options':{'include_obfuscation': true}", "stream", "stream", "stream" },
        { "'top_logprobs':2", "logprobs", "no", "yes" },
        { "'logprobs':true", "yes", "no", "no" },
        { "'logprobs':2", "no", "yes", "no" },
        { "'tools':[{'type': 'function', 'function': {'name': 'f', 'parameters': {'type': 'object', 'properties': {}}}}]", "yes", "no", "no" },
        { "'tools':[{'type': 'function', 'name': 'f', 'parameters': {'type': 'object', 'properties': {}}}]", "no", "no", "yes" },
        { "'tools':[{'type': 'web_search'}]", "no", "no", "no" },
        { "'tool_choice':'none'", "yes", "no", "yes" },
        { "'tool_choice':{'type': 'allowed_tools', 'mode': 'auto', 'tools': []}", "no", "no", "no" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task A_field_does_what_the_table_says(string field, string chat, string completion, string response)
    {
        var given = JsonNode.Parse($"{{{field.Replace('\'', '"')}}}")!.AsObject();
        string name = given.Single().Key;
        foreach ((int i, string expected) in new[] { chat, completion, response }.Index())
        {
            JsonObject body = JsonNode.Parse(Bodies[i])!.AsObject();
            Also(body, name, given[name]!, expected);
            body[name] = given[name]!.DeepClone();
            using HttpResponseMessage answer = await server.PostAsync(Paths[i], body.ToJsonString());
            string text = await answer.Content.ReadAsStringAsync();

            HttpStatusCode status = expected switch { "no" => HttpStatusCode.BadRequest, "none" => HttpStatusCode.NotFound, _ => HttpStatusCode.OK };
            Assert.True(status == answer.StatusCode, $"{Paths[i]} {field}: {(int)answer.StatusCode} {text}");
            Assert.True(expected != "no" || text.Contains(name, StringComparison.Ordinal), $"{Paths[i]} {field} is refused without its name: {text}");
        }
    }

    /// <summary>What a field needs beside it to be of use.</summary>
    private static void Also(JsonObject body, string name, JsonNode value, string expected)
    {
        if (expected is "stream" or "logprobs")
        {
            body[expected] = true;
        }

        if (name == "max_completion_tokens")
        {
            body.Remove("max_tokens");
        }

        if (name == "response_format" || (value as JsonObject)?.ContainsKey("format") == true)
        {
            body[body.ContainsKey("max_tokens") ? "max_tokens" : "max_output_tokens"] = 40;
        }
    }
}
