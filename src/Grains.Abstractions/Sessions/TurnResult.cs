namespace KVCluster.Grains;

/// <summary>What a turn came to. Whoever holds one may rely on the turn: it is durable.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.TurnResult")]
public sealed record TurnResult
{
    /// <summary>Why it ended.</summary>
    [Id(0)]
    public required TurnFinish Finish { get; init; }

    /// <summary>Tokens of history before it.</summary>
    [Id(1)]
    public required int HistoryTokens { get; init; }

    /// <summary>Tokens it added before the answer.</summary>
    [Id(2)]
    public required int PromptTokens { get; init; }

    /// <summary>Tokens of the answer, its end token included.</summary>
    [Id(3)]
    public required int AnswerTokens { get; init; }

    /// <summary>Tokens of the history that did not have to be computed for this turn.</summary>
    [Id(4)]
    public required int CachedTokens { get; init; }

    /// <summary>The answer's text.</summary>
    [Id(5)]
    public string Text { get; init; } = "";

    /// <summary>The stop string that was found, or null.</summary>
    [Id(6)]
    public string? StopString { get; init; }

    /// <summary>The sampler's seed, to get the same answer again; null where nothing was generated.</summary>
    [Id(7)]
    public ulong? Seed { get; init; }

    /// <summary>Whether it was answered from the record of an earlier request with the same key.</summary>
    [Id(8)]
    public bool IsRepeated { get; init; }

    /// <summary>Seconds from the request to the first token; 0 where it is repeated.</summary>
    [Id(9)]
    public double FirstTokenSeconds { get; init; }

    /// <summary>Seconds from the request to the end; 0 where it is repeated.</summary>
    [Id(10)]
    public double Seconds { get; init; }

    /// <summary>All tokens after the turn.</summary>
    public int TotalTokens => HistoryTokens + PromptTokens + AnswerTokens;
}
