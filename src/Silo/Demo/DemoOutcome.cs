namespace KVCluster.Silo.Demo;

/// <summary>What one way came to on all conversations.</summary>
internal sealed record DemoOutcome
{
    public required string Way { get; init; }

    /// <summary>Questions put.</summary>
    public required int Questions { get; init; }

    /// <summary>Answered right.</summary>
    public required int Right { get; init; }

    /// <summary>Turns refused for want of memory.</summary>
    public required int Refused { get; init; }

    /// <summary>Turns whose cache was on its device.</summary>
    public required int Hits { get; init; }

    /// <summary>Turns whose cache came from its cold copy or was computed again, in large part.</summary>
    public required int Rebuilt { get; init; }

    /// <summary>Conversations with a cache on a device when all was done.</summary>
    public required int Alive { get; init; }

    /// <summary>Mean seconds from a question to the first token of its answer.</summary>
    public required double FirstTokenSeconds { get; init; }

    /// <summary>Tokens of answers a second, over all conversations, while questions were put.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>Cuts of caches.</summary>
    public required long Compressions { get; init; }

    /// <summary>Most bytes that the nodes held at any look, in all.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>Bytes that all histories would take uncompressed at the end.</summary>
    public required long WholeBytes { get; init; }

    /// <summary>Seconds of this way in all.</summary>
    public required double Seconds { get; init; }
}
