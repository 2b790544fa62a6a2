namespace KVCluster.Silo.Simulating;

/// <summary>What a simulation came to.</summary>
internal sealed record SimulationReport
{
    /// <summary>The scenario's name.</summary>
    public required string Scenario { get; init; }

    /// <summary>Simulated seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>Sessions that came.</summary>
    public required int Sessions { get; init; }

    /// <summary>Turns whose end was acknowledged to their client.</summary>
    public required int Turns { get; init; }

    /// <summary>Times a turn was told to come again later.</summary>
    public required int Refusals { get; init; }

    /// <summary>Mean of the times told, in seconds; 0 where nobody was told.</summary>
    public required double RetryAfterSeconds { get; init; }

    /// <summary>Turns whose client came no more.</summary>
    public required int GaveUp { get; init; }

    /// <summary>Turns sent again because a node or an activation went away under them.</summary>
    public required int SentAgain { get; init; }

    /// <summary>Where turns of conversations that went on found their caches.</summary>
    public required SimulatedHits Hits { get; init; }

    /// <summary>The share of attention that caches had kept at the end of turns, mean.</summary>
    public required double MassKept { get; init; }

    /// <summary>Seconds from a turn's first coming to its first token: mean.</summary>
    public required double FirstTokenSeconds { get; init; }

    /// <summary>The same: 95 of 100 are faster.</summary>
    public required double FirstTokenSecondsP95 { get; init; }

    /// <summary>Acts against memory pressure.</summary>
    public required IReadOnlyList<SimulatedActs> Acts { get; init; }

    /// <summary>Bytes that acts freed, in all.</summary>
    public required long FreedBytes { get; init; }

    /// <summary>Sessions moved to other nodes by the allocator's orders.</summary>
    public required long Moves { get; init; }

    /// <summary>Nodes that were lost.</summary>
    public required int NodeLosses { get; init; }

    /// <summary>Times the allocator was lost.</summary>
    public required int AllocatorLosses { get; init; }

    /// <summary>Acknowledged turns that their session does not know at the end: none.</summary>
    public required long LostTurns { get; init; }

    /// <summary>The most a device held of its bytes at any instant looked at.</summary>
    public required double PeakShare { get; init; }

    /// <summary>Reports to the allocator.</summary>
    public required int Reports { get; init; }

    /// <summary>Times the clock went on although something was still under way; see the docs. Usually none.</summary>
    public required int Unsettled { get; init; }

    /// <summary>Real seconds it took.</summary>
    public required double RealSeconds { get; init; }
}

/// <summary>Where caches were found.</summary>
/// <param name="Resident">On the device.</param>
/// <param name="Loaded">In the cold store.</param>
/// <param name="Recomputed">Nowhere: computed again.</param>
internal sealed record SimulatedHits(int Resident, int Loaded, int Recomputed);

/// <summary>Acts of one kind and cause.</summary>
/// <param name="Kind">What was done.</param>
/// <param name="Cause">Why.</param>
/// <param name="Count">How often.</param>
/// <param name="FreedBytes">Bytes that came free; negative where caches grew back.</param>
internal sealed record SimulatedActs(string Kind, string Cause, long Count, long FreedBytes);
