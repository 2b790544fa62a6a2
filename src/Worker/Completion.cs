namespace KVCluster.Worker;

/// <summary>What one generation came to.</summary>
public sealed record Completion
{
    /// <summary>Why it ended.</summary>
    public required FinishReason Reason { get; init; }

    /// <summary>Ids of all generated tokens, the end token and those of a stop string included.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>The text of all pieces.</summary>
    public required string Text { get; init; }

    /// <summary>The stop string that was found, or null.</summary>
    public string? StopString { get; init; }

    /// <summary>Seconds spent generating; what the reader of the pieces did in between is not counted.</summary>
    public required double Seconds { get; init; }

    /// <summary>The sampler's seed, to get the same answer again.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Tokens a second; 0 where there were none.</summary>
    public double TokensPerSecond => Tokens.Count == 0 ? 0 : Tokens.Count / Seconds;
}
