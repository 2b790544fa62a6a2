using System.Text.Json;
using KVCluster.Inference.Sampling;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Silo.OpenAi;

/// <summary>What a completion request asks for, whichever endpoint it came through.</summary>
internal sealed record CompletionJob
{
    public required string Model { get; init; }

    /// <summary>Messages of a chat; empty where <see cref="Prompt"/> is plain text or ids.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; init; } = [];

    /// <summary>Text to continue, for plain completions.</summary>
    public string? Prompt { get; init; }

    /// <summary>Token ids to continue, for plain completions.</summary>
    public IReadOnlyList<int>? PromptTokens { get; init; }

    /// <summary>Everything but the grammar and the seed of a choice.</summary>
    public required SamplingOptions Sampling { get; init; }

    /// <summary>Whether the request said how many tokens; else as many as fit.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Answers wanted.</summary>
    public int Choices { get; init; } = 1;

    public bool Stream { get; init; }

    /// <summary>Whether a stream ends with a chunk of usage.</summary>
    public bool IncludeUsage { get; init; }

    public AnswerFormat Format { get; init; } = AnswerFormat.Text;

    /// <summary>The schema, for <see cref="AnswerFormat.JsonSchema"/>.</summary>
    public JsonElement? Schema { get; init; }

    public IReadOnlyList<JsonElement> Tools { get; init; } = [];

    /// <summary>Whether calls may be made; false: tool_choice "none".</summary>
    public bool UseTools { get; init; }

    /// <summary>The JSON Schema of the call that the answer must be; null: the model decides whether it calls.</summary>
    public string? CallSchema { get; init; }

    /// <summary>The session that goes on, where the client names it.</summary>
    public string? PreviousResponse { get; init; }

    /// <summary>Echo the prompt before the answer (plain completions).</summary>
    public bool Echo { get; init; }
}

/// <summary>What an answer's text must be.</summary>
internal enum AnswerFormat
{
    /// <summary>Anything.</summary>
    Text,

    /// <summary>A JSON object.</summary>
    JsonObject,

    /// <summary>JSON of a schema.</summary>
    JsonSchema,
}
