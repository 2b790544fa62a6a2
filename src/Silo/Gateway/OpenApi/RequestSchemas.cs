using System.Text.Json.Nodes;

namespace KVCluster.Silo.Gateway.OpenApi;

/// <summary>What bodies of requests may hold, as JSON Schemas. Fields that are accepted and change nothing are left out (docs/http.md has them).</summary>
internal static class RequestSchemas
{
    private const string Sampling = """
        "temperature":{"type":"number","minimum":0,"maximum":2,"default":1},
        "top_p":{"type":"number","minimum":0,"maximum":1,"default":1},
        "top_k":{"type":"integer","minimum":0,"description":"0: all"},
        "min_p":{"type":"number","minimum":0,"maximum":1},
        "presence_penalty":{"type":"number","minimum":-2,"maximum":2},
        "frequency_penalty":{"type":"number","minimum":-2,"maximum":2},
        "repetition_penalty":{"type":"number","exclusiveMinimum":0,"maximum":10},
        "seed":{"type":"integer"},
        "stop":{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"},"maxItems":16}]},
        "logit_bias":{"type":"object","additionalProperties":{"type":"number","minimum":-100,"maximum":100}},
        "stream":{"type":"boolean"},
        "model":{"type":"string","description":"the id that /v1/models gives"}
        """;

    private const string Tools = """
        "tools":{"type":"array","maxItems":128,"items":{"type":"object"}},
        "tool_choice":{"description":"auto, none, required, or an object that names a function"}
        """;

    private const string PromptFields = """
        "message":{"type":"string","description":"a chat message, framed by the model's template"},
        "text":{"type":"string","description":"text as it is"},
        "tokens":{"type":"array","items":{"type":"integer","minimum":0}}
        """;

    private const string StreamOptions = """
        "stream_options":{"type":"object","properties":{"include_usage":{"type":"boolean"}}}
        """;

    /// <summary>All of them by name.</summary>
    public static JsonObject All() => JsonNode.Parse("""
        {
          "ChatRequest":{"type":"object","required":["model","messages"],"properties":{ <Sampling>, <Tools>, <StreamOptions>,
            "messages":{"type":"array","minItems":1,"items":{"type":"object","required":["role"],"properties":{
              "role":{"enum":["system","developer","user","assistant","tool"]},
              "content":{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"object"}},{"type":"null"}]},
              "name":{"type":"string"},"tool_call_id":{"type":"string"},"tool_calls":{"type":"array","items":{"type":"object"}}}}},
            "max_completion_tokens":{"type":"integer","minimum":1},"max_tokens":{"type":"integer","minimum":1},
            "n":{"type":"integer","minimum":1,"maximum":16},
            "logprobs":{"type":"boolean"},"top_logprobs":{"type":"integer","minimum":0,"maximum":20},
            "response_format":{"type":"object","required":["type"],"properties":{"type":{"enum":["text","json_object","json_schema"]},"json_schema":{"type":"object"}}}}},
          "CompletionRequest":{"type":"object","required":["model","prompt"],"properties":{ <Sampling>, <StreamOptions>,
            "prompt":{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"integer","minimum":0}},{"type":"array","items":{"type":"string"},"maxItems":1}]},
            "max_tokens":{"type":"integer","minimum":1,"default":16},"n":{"type":"integer","minimum":1,"maximum":16},
            "logprobs":{"type":"integer","minimum":0,"maximum":5},"echo":{"type":"boolean"}}},
          "ResponseRequest":{"type":"object","required":["model","input"],"properties":{ <Sampling>, <Tools>,
            "input":{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"object"}}]},
            "instructions":{"type":"string"},"previous_response_id":{"type":"string"},"max_output_tokens":{"type":"integer","minimum":1},
            "text":{"type":"object","properties":{"format":{"type":"object"}}}}},
          "SessionRequest":{"type":"object","properties":{
            "id":{"type":"string","maxLength":128,"pattern":"^[A-Za-z0-9._:-]+$","description":"absent: one is made"},
            "system":{"type":"string"},"document":{"type":"string","description":"put before the first message's own text"},
            "priority":{"type":"integer","minimum":-100,"maximum":100},"token_budget":{"type":"integer","minimum":1},
            "sampling":{"$ref":"#/components/schemas/Sampling"}}},
          "Sampling":{"type":"object","properties":{
            "temperature":{"type":"number","minimum":0,"maximum":100,"default":0},"top_k":{"type":"integer","minimum":0},
            "top_p":{"type":"number","minimum":0,"maximum":1},"min_p":{"type":"number","minimum":0,"maximum":1},
            "repetition_penalty":{"type":"number","minimum":0,"maximum":100},"presence_penalty":{"type":"number","minimum":-2,"maximum":2},
            "frequency_penalty":{"type":"number","minimum":-2,"maximum":2},"seed":{"type":"integer"},"max_tokens":{"type":"integer","minimum":1},
            "stop":{"type":"array","items":{"type":"string"},"maxItems":16}}},
          "AppendRequest":{"type":"object","description":"one of the three","properties":{ <PromptFields> }},
          "MessageRequest":{"type":"object","description":"one of the first three; none: the answer goes on","properties":{ <PromptFields>,
            "stream":{"type":"boolean"},"sampling":{"$ref":"#/components/schemas/Sampling"}}},
          "ForkRequest":{"type":"object","required":["session"],"properties":{
            "session":{"type":"string"},"tokens":{"type":"integer","minimum":0,"description":"tokens of history it begins with; absent: all"}}},
          "CompressRequest":{"type":"object","required":["keep"],"properties":{
            "keep":{"type":"number","exclusiveMinimum":0,"maximum":1},"policy":{"type":"string","default":"kvcompose-unstructured"}}},
          "PinRequest":{"type":"object","required":["seconds"],"properties":{
            "seconds":{"type":"integer","minimum":0,"maximum":86400,"description":"from now on; 0 ends a pin"}}},
          "MoveRequest":{"type":"object","required":["node"],"properties":{"node":{"type":"string"}}},
          "SessionFile":{"type":"object","required":["format","version","sha256","session"],"properties":{
            "format":{"const":"kvcluster-session"},"version":{"const":1},
            "sha256":{"type":"string","description":"of the text of session, in hexadecimal"},"session":{"type":"object"}}}
        }
        """
        .Replace("<Sampling>", Sampling, StringComparison.Ordinal)
        .Replace("<Tools>", Tools, StringComparison.Ordinal)
        .Replace("<StreamOptions>", StreamOptions, StringComparison.Ordinal)
        .Replace("<PromptFields>", PromptFields, StringComparison.Ordinal))!.AsObject();
}
