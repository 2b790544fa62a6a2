using System.Text.Json.Serialization;

namespace KVCluster.Silo.OpenAi;

/// <summary>A whole chat completion.</summary>
internal sealed record ChatCompletion(string Id, string Object, long Created, string Model, IReadOnlyList<ChatChoice> Choices, UsageBody Usage)
{
    public string SystemFingerprint { get; init; } = "";
}

/// <summary>One answer of a chat.</summary>
internal sealed record ChatChoice(
    int Index,
    ChatAnswer Message,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] ChatLogprobs? Logprobs,
    string FinishReason);

/// <summary>The answer's message; content is null where it is calls alone.</summary>
internal sealed record ChatAnswer(
    string Role,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Content,
    IReadOnlyList<CallBody>? ToolCalls,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Refusal = null);

/// <summary>A tool call as clients read it; the index is for streams only.</summary>
internal sealed record CallBody(int? Index, string Id, string Type, CallFunction Function);

/// <summary>Name and arguments, the latter a string of JSON.</summary>
internal sealed record CallFunction(string Name, string Arguments);

/// <summary>One event of a stream.</summary>
internal sealed record ChatChunk(string Id, string Object, long Created, string Model, IReadOnlyList<ChunkChoice> Choices)
{
    public string SystemFingerprint { get; init; } = "";

    public UsageBody? Usage { get; init; }
}

/// <summary>What a stream's event adds to one answer.</summary>
internal sealed record ChunkChoice(
    int Index,
    ChatDelta Delta,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] ChatLogprobs? Logprobs,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? FinishReason);

/// <summary>The addition; only what there is.</summary>
internal sealed record ChatDelta(string? Role = null, string? Content = null, IReadOnlyList<CallBody>? ToolCalls = null);

/// <summary>Log probabilities of an answer's tokens.</summary>
internal sealed record ChatLogprobs(IReadOnlyList<TokenLogprob> Content);

/// <summary>One token's, with the most probable alternatives.</summary>
internal sealed record TokenLogprob(string Token, float Logprob, IReadOnlyList<int> Bytes, IReadOnlyList<AlternativeLogprob> TopLogprobs);

/// <summary>An alternative.</summary>
internal sealed record AlternativeLogprob(string Token, float Logprob, IReadOnlyList<int> Bytes);

/// <summary>Tokens of a request.</summary>
internal sealed record UsageBody(int PromptTokens, int CompletionTokens, int TotalTokens, PromptTokensDetails PromptTokensDetails)
{
    public static UsageBody Of(int prompt, int cached, int completion) => new(prompt, completion, prompt + completion, new PromptTokensDetails(cached));
}

/// <summary>How many of the prompt's tokens need not be computed.</summary>
internal sealed record PromptTokensDetails(int CachedTokens);
