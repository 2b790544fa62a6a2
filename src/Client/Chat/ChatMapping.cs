using Microsoft.Extensions.AI;

namespace KVCluster.Client;

/// <summary>Between Microsoft.Extensions.AI's words and those of sessions.</summary>
internal static class ChatMapping
{
    /// <param name="options">What the request says of sampling.</param>
    /// <param name="callSchema">The schema of the call that the answer must be; null: none is required.</param>
    public static SamplingSettings? Sampling(ChatOptions? options, string? callSchema)
    {
        if (options is null)
        {
            return null;
        }

        return new SamplingSettings
        {
            Temperature = options.Temperature,
            TopK = options.TopK,
            TopP = options.TopP,
            PresencePenalty = options.PresencePenalty,
            FrequencyPenalty = options.FrequencyPenalty,
            Seed = options.Seed is { } seed ? unchecked((ulong)seed) : null,
            MaxTokens = options.MaxOutputTokens,
            StopStrings = options.StopSequences is { Count: > 0 } stops ? [.. stops] : null,
            AnswerSchema = callSchema is not null ? callSchema
                : options.ResponseFormat is ChatResponseFormatJson json
                ? json.Schema?.GetRawText() ?? SamplingSettings.AnyJsonObject
                : null,
        };
    }

    public static ChatFinishReason Finish(TurnFinish finish) => finish switch
    {
        TurnFinish.MaxTokens or TurnFinish.ContextFull or TurnFinish.ArenaFull => ChatFinishReason.Length,
        _ => ChatFinishReason.Stop,
    };

    public static UsageDetails Usage(TurnResult result)
    {
        int input = result.HistoryTokens + result.PromptTokens;
        return new UsageDetails
        {
            InputTokenCount = input,
            CachedInputTokenCount = result.CachedTokens,
            OutputTokenCount = result.AnswerTokens,
            TotalTokenCount = input + result.AnswerTokens,
        };
    }
}
