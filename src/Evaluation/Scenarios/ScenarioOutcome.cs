namespace KVCluster.Evaluation.Scenarios;

/// <summary>What a scenario came to.</summary>
public sealed record ScenarioOutcome
{
    /// <summary>The scenario's name.</summary>
    public required string Name { get; init; }

    /// <summary>Sessions that came.</summary>
    public required int Sessions { get; init; }

    /// <summary>Turns that ended.</summary>
    public required int TurnsServed { get; init; }

    /// <summary>Times a turn was told to come again later.</summary>
    public required int Refusals { get; init; }

    /// <summary>Turns whose client came no more.</summary>
    public required int GaveUp { get; init; }

    /// <summary>Turns begun again on another node because theirs was lost.</summary>
    public required int Restarted { get; init; }

    /// <summary>Caches that a turn found in memory, had from the cold store, and recomputed.</summary>
    public required (int Resident, int Loaded, int Recomputed) Attached { get; init; }

    /// <summary>Acts carried out.</summary>
    public required (int Compressions, int Drops, int Demotions, int Moves) Acts { get; init; }

    /// <summary>Seconds from a turn's first coming to its first token: mean.</summary>
    public required double MeanFirstToken { get; init; }

    /// <summary>The same: 95 of 100 are faster.</summary>
    public required double SlowFirstToken { get; init; }

    /// <summary>The share of attention mass present at the start of a turn, mean.</summary>
    public required double MeanMass { get; init; }

    /// <summary>The most bytes a node held at any instant, of its limit.</summary>
    public required double PeakShare { get; init; }

    /// <summary>Messages to and from the allocator.</summary>
    public required int Messages { get; init; }
}
