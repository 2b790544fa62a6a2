using System.Text.Json;

namespace KVCluster.Silo.OpenAi;

/// <summary>Reads a body of <c>/v1/completions</c>.</summary>
internal static class TextRequest
{
    /// <summary>OpenAI's number of tokens where the request does not say.</summary>
    private const int DefaultMaxTokens = 16;

    public static CompletionJob Read(JsonElement body)
    {
        var fields = new RequestFields(body);
        int maxTokens = fields.Count("max_tokens", 1, int.MaxValue) ?? DefaultMaxTokens;
        (string? text, IReadOnlyList<int>? tokens) = Prompt(fields);
        CompletionJob job = new()
        {
            Model = fields.RequiredText("model"),
            Prompt = text,
            PromptTokens = tokens,
            Sampling = SamplingFields.Read(fields, maxTokens, fields.Count("logprobs", 0, 5)),
            MaxTokens = maxTokens,
            Choices = fields.Count("n", 1, 16) ?? 1,
            Stream = fields.Flag("stream") ?? false,
            IncludeUsage = ChatRequest.StreamOptions(fields),
            Echo = fields.Flag("echo") ?? false,
        };
        fields.Refuse("suffix", "text is only continued", s => s.ValueKind == JsonValueKind.String && s.ValueEquals(""));
        fields.Refuse("best_of", "ask for 'n' answers", b => b.ValueKind == JsonValueKind.Number && b.TryGetInt32(out int best) && best == job.Choices);
        fields.Ignore("user");
        fields.RequireAllRead();
        return job;
    }

    private static (string? Text, IReadOnlyList<int>? Tokens) Prompt(RequestFields fields)
    {
        JsonElement prompt = fields.Any("prompt") ?? throw fields.Missing("prompt");
        if (prompt.ValueKind == JsonValueKind.Array && prompt.GetArrayLength() == 1 && prompt[0].ValueKind != JsonValueKind.Number)
        {
            prompt = prompt[0];
        }

        if (prompt.ValueKind == JsonValueKind.String)
        {
            return (prompt.GetString(), null);
        }

        bool ids = prompt.ValueKind == JsonValueKind.Array && prompt.GetArrayLength() > 0 && prompt.EnumerateArray().All(IsId);
        return ids
            ? (null, [.. prompt.EnumerateArray().Select(i => i.GetInt32())])
            : throw fields.Wrong("prompt", "one text or one array of token ids; several prompts need several requests");
    }

    private static bool IsId(JsonElement item) => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int id) && id >= 0;
}
