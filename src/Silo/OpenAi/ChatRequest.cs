using System.Text.Json;

namespace KVCluster.Silo.OpenAi;

/// <summary>Reads a body of <c>/v1/chat/completions</c>.</summary>
internal static class ChatRequest
{
    public static CompletionJob Read(JsonElement body)
    {
        var fields = new RequestFields(body);
        string model = fields.RequiredText("model");
        int? maxTokens = fields.Count("max_completion_tokens", 1, int.MaxValue) ?? fields.Count("max_tokens", 1, int.MaxValue);
        fields.Ignore("max_tokens");
        bool logProbabilities = fields.Flag("logprobs") ?? false;
        int? alternatives = fields.Count("top_logprobs", 0, Inference.Sampling.SamplingOptions.MaxLogProbabilities);
        if (alternatives is not null && !logProbabilities)
        {
            throw OpenAiException.Invalid("top_logprobs", "'top_logprobs' needs 'logprobs': true");
        }

        (AnswerFormat format, JsonElement? schema) = FormatFields.Read(fields.Object("response_format"), flat: false);
        ToolUse tools = ToolFields.Read(fields);
        CompletionJob job = new()
        {
            Model = model,
            Messages = MessageFields.Read(fields),
            Sampling = SamplingFields.Read(fields, maxTokens, logProbabilities ? alternatives ?? 0 : null),
            MaxTokens = maxTokens,
            Choices = fields.Count("n", 1, 16) ?? 1,
            Stream = fields.Flag("stream") ?? false,
            IncludeUsage = StreamOptions(fields),
            Format = format,
            Schema = schema,
            Tools = tools.Tools,
            UseTools = tools.MayCall,
            CallSchema = tools.CallSchema,
        };
        RefuseAndIgnore(fields);
        fields.RequireAllRead();
        return job;
    }

    /// <summary>Whether a stream shall end with the usage.</summary>
    public static bool StreamOptions(RequestFields fields)
    {
        RequestFields? options = fields.Object("stream_options");
        bool usage = options?.Flag("include_usage") ?? false;
        options?.Ignore("include_obfuscation");
        options?.RequireAllRead();
        return usage;
    }

    private static void RefuseAndIgnore(RequestFields fields)
    {
        fields.Refuse("functions", "use 'tools'");
        fields.Refuse("function_call", "use 'tool_choice'");
        fields.Refuse("audio", "this server writes text only");
        fields.Refuse("modalities", "this server writes text only", m => m.ValueKind == JsonValueKind.Array && m.GetArrayLength() == 1 && m[0].ValueKind == JsonValueKind.String && m[0].ValueEquals("text"));
        fields.Refuse("web_search_options", "this server searches nothing");
        fields.Ignore(
            "user", "store", "metadata", "service_tier", "prediction", "reasoning_effort", "verbosity", "safety_identifier", "prompt_cache_key",
            "prompt_cache_retention");
    }
}
