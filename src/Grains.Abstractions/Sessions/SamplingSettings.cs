namespace KVCluster.Grains;

/// <summary>How answers are sampled. What is null is taken from the session's options, then from greedy decoding's defaults.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.SamplingSettings")]
public sealed record SamplingSettings
{
    /// <summary>The <see cref="AnswerSchema"/> that every JSON object fits.</summary>
    public const string AnyJsonObject = "object";

    /// <summary>Divides the logits; 0: greedy.</summary>
    [Id(0)]
    public float? Temperature { get; init; }

    /// <summary>Keeps the k largest logits; 0: all.</summary>
    [Id(1)]
    public int? TopK { get; init; }

    /// <summary>Keeps the most probable tokens up to this sum of probabilities; 1: all.</summary>
    [Id(2)]
    public float? TopP { get; init; }

    /// <summary>Keeps tokens of at least this fraction of the largest probability; 0: all.</summary>
    [Id(3)]
    public float? MinP { get; init; }

    /// <summary>Discourages tokens that occurred; 1: off.</summary>
    [Id(4)]
    public float? RepetitionPenalty { get; init; }

    /// <summary>Start of the random numbers; null: drawn anew.</summary>
    [Id(5)]
    public ulong? Seed { get; init; }

    /// <summary>Texts that end an answer.</summary>
    [Id(6)]
    public string[]? StopStrings { get; init; }

    /// <summary>Most tokens of an answer.</summary>
    [Id(7)]
    public int? MaxTokens { get; init; }

    /// <summary>Alternatives whose log-probabilities are reported with each token; null: none, not even the token's own.</summary>
    [Id(8)]
    public int? LogProbabilities { get; init; }

    /// <summary>Subtracted from the logits of tokens already in the answer, once; 0: off.</summary>
    [Id(9)]
    public float? PresencePenalty { get; init; }

    /// <summary>Subtracted from the logits of tokens already in the answer, for each time they occurred; 0: off.</summary>
    [Id(10)]
    public float? FrequencyPenalty { get; init; }

    /// <summary>Added to the logits of these tokens at every step.</summary>
    [Id(11)]
    public TokenBias[]? LogitBias { get; init; }

    /// <summary>A JSON Schema that the answer is held to, as JSON; <see cref="AnyJsonObject"/>: any JSON object; null: any text.</summary>
    [Id(12)]
    public string? AnswerSchema { get; init; }
}
