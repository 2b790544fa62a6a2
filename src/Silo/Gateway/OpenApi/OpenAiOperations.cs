using KVCluster.Silo.OpenAi;

namespace KVCluster.Silo.Gateway.OpenApi;

/// <summary>OpenAI's endpoints.</summary>
internal static class OpenAiOperations
{
    /// <param name="model">The model served, for the examples.</param>
    public static IEnumerable<ApiOperation> All(string model) =>
    [
        new("POST", "/v1/chat/completions", "createChatCompletion", "Answers a conversation; an unchanged client that sends all of it gets its cache back.")
        {
            Role = CallerRole.User,
            Request = "ChatRequest",
            Example = $$$"""{"model":"{{{model}}}","messages":[{"role":"user","content":"Name three rivers."}],"max_completion_tokens":16}""",
            Response = OpenAiJson.Web.ChatCompletion,
            Streams = true,
            Headers = [ApiDocument.SessionHeader, ApiDocument.KeyHeader],
        },
        new("POST", "/v1/completions", "createCompletion", "Continues a text.")
        {
            Role = CallerRole.User,
            Request = "CompletionRequest",
            Example = $$"""{"model":"{{model}}","prompt":"The sea is","max_tokens":8}""",
            Response = OpenAiJson.Web.TextCompletion,
            Streams = true,
            Headers = [ApiDocument.SessionHeader, ApiDocument.KeyHeader],
        },
        new("POST", "/v1/responses", "createResponse", "Answers an input, after an earlier response where one is named.")
        {
            Role = CallerRole.User,
            Request = "ResponseRequest",
            Example = $$"""{"model":"{{model}}","input":"Name three rivers.","max_output_tokens":16}""",
            Response = SessionJson.Web.ResponseBody,
            Streams = true,
            Headers = [ApiDocument.SessionHeader, ApiDocument.KeyHeader],
        },
        new("GET", "/v1/models", "listModels", "The model served.") { Role = CallerRole.Reader, Response = OpenAiJson.Web.ModelList },
        new("GET", "/v1/models/{id}", "getModel", "One model.") { Role = CallerRole.Reader, Response = OpenAiJson.Web.ModelBody },
    ];
}
