using System.Text.Json.Serialization;

namespace KVCluster.Silo.OpenAi;

/// <summary>A text completion, whole or one event of a stream.</summary>
internal sealed record TextCompletion(string Id, string Object, long Created, string Model, IReadOnlyList<TextChoice> Choices)
{
    public UsageBody? Usage { get; init; }
}

/// <summary>One answer, or what an event adds to it.</summary>
internal sealed record TextChoice(
    int Index,
    string Text,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] TextLogprobs? Logprobs,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? FinishReason);

/// <summary>Log probabilities in the form of text completions.</summary>
internal sealed record TextLogprobs(
    IReadOnlyList<string> Tokens, IReadOnlyList<float> TokenLogprobs, IReadOnlyList<IReadOnlyDictionary<string, float>> TopLogprobs, IReadOnlyList<int> TextOffset);

/// <summary>The models served.</summary>
internal sealed record ModelList(string Object, IReadOnlyList<ModelBody> Data);

/// <summary>One model.</summary>
internal sealed record ModelBody(string Id, string Object, long Created, string OwnedBy);
