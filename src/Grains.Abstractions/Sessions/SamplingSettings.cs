namespace KVCluster.Grains;

/// <summary>How answers are sampled. What is null is taken from the session's options, then from greedy decoding's defaults.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.SamplingSettings")]
public sealed record SamplingSettings
{
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
}
