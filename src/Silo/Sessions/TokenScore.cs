namespace KVCluster.Silo.Sessions;

/// <summary>A token and how probable the model held it to be.</summary>
internal sealed record TokenScore
{
    public required int Id { get; init; }

    /// <summary>Its own bytes as text; a part of a character shows as U+FFFD.</summary>
    public required string Text { get; init; }

    /// <summary>Natural logarithm of its probability; null where that is 0.</summary>
    public required float? LogProbability { get; init; }

    /// <summary>The most probable tokens of the same step.</summary>
    public IReadOnlyList<TokenScore>? Alternatives { get; init; }
}
