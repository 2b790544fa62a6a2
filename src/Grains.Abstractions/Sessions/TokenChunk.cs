namespace KVCluster.Grains;

/// <summary>
/// A piece of an answer. The last one of a turn, and only that, carries the <see cref="Result"/>: the turn is durable then.
/// </summary>
[GenerateSerializer, Immutable, Alias("KVCluster.TokenChunk")]
public sealed record TokenChunk
{
    /// <summary>Ids generated: one, or all of them where a recorded turn is answered again; none in the last chunk.</summary>
    [Id(0)]
    public required int[] Tokens { get; init; }

    /// <summary>Whole characters that became sure with them; special tokens left out.</summary>
    [Id(1)]
    public required string Text { get; init; }

    /// <summary>Natural logarithm of the token's probability in the model's own distribution; null unless asked for.</summary>
    [Id(2)]
    public float? LogProbability { get; init; }

    /// <summary>The most probable tokens of this step, best first; empty unless asked for.</summary>
    [Id(3)]
    public TokenProbability[] Alternatives { get; init; } = [];

    /// <summary>The acknowledgement; null in all but the last chunk.</summary>
    [Id(4)]
    public TurnResult? Result { get; init; }
}
