namespace KVCluster.Worker.Serving;

/// <summary>What a turn yields: <see cref="TurnPiece"/>s, then one <see cref="TurnEnd"/>.</summary>
public abstract record TurnEvent;

/// <summary>One generated token and the text to show with it.</summary>
/// <param name="Piece">Token, text, log probabilities.</param>
public sealed record TurnPiece(GeneratedPiece Piece) : TurnEvent;

/// <summary>The turn is made: the cache holds history and prompt; the answer's last token may still be pending.</summary>
public sealed record TurnEnd : TurnEvent
{
    /// <summary>What was generated; null where the turn only appended.</summary>
    public required Completion? Completion { get; init; }

    /// <summary>How the cache was attached.</summary>
    public required AttachReport Attach { get; init; }

    /// <summary>Compressions of the cache since it was exact, oldest first.</summary>
    public IReadOnlyList<CompressionReport> Compressions { get; init; } = [];

    /// <summary>Bytes of the arena the session holds now.</summary>
    public required long CacheBytes { get; init; }

    /// <summary>Seconds from the call to the first step.</summary>
    public double QueueSeconds { get; init; }

    /// <summary>Seconds from the call to the first token.</summary>
    public double FirstTokenSeconds { get; init; }

    /// <summary>Seconds from the call to the end.</summary>
    public double Seconds { get; init; }
}
