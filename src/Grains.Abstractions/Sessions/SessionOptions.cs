namespace KVCluster.Grains;

/// <summary>How a session is set up; fixed at its creation.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.SessionOptions")]
public sealed record SessionOptions
{
    /// <summary>
    /// The system prompt of a chat, framed by the model's template with the first message; null: the template's own default.
    /// </summary>
    [Id(0)]
    public string? System { get; init; }

    /// <summary>Text put before the first message's own, in the same message: what the conversation is about.</summary>
    [Id(1)]
    public string? Document { get; init; }

    /// <summary>What is used where a request does not say.</summary>
    [Id(2)]
    public SamplingSettings Sampling { get; init; } = new();

    /// <summary>Higher is served first, from -100 to 100.</summary>
    [Id(3)]
    public int Priority { get; init; }

    /// <summary>Most tokens of history, answers included; null: the model's context.</summary>
    [Id(4)]
    public int? TokenBudget { get; init; }

    /// <summary>
    /// Functions that the model may call, a JSON array in OpenAI's form (<c>{"type":"function","function":{"name","description","parameters"}}</c>),
    /// framed by the model's template with the first message; null: none. <see cref="ToolCallParser"/> finds calls in answers.
    /// </summary>
    [Id(5)]
    public string? Tools { get; init; }
}
