namespace KVCluster.Compression.Policies;

/// <summary>Parameters of FastGen.</summary>
public sealed record FastGenParameters : PolicyParameters
{
    /// <summary>The share of attention a head's strategy must recover.</summary>
    public double Recovery { get; init; } = 0.95;

    /// <summary>Share of a head's slots that its heavy hitters take.</summary>
    public double FrequentShare { get; init; } = 0.3;

    /// <summary>Share of a head's slots that its most recent take.</summary>
    public double LocalShare { get; init; } = 0.3;

    /// <summary>The last so many queries tell; 0: all, which costs about a prefill.</summary>
    public int Window { get; init; } = 64;

    /// <summary>First positions that every strategy keeps besides special tokens.</summary>
    public int Sinks { get; init; }

    /// <summary>
    /// Heavy hitters are chosen among what a strategy does not keep anyway, its recents included, and their number is rounded up, as a public
    /// implementation does; else among all.
    /// </summary>
    public bool Apart { get; init; }

    /// <summary>Heavy hitters are ranked by the mean over the queries that could see a slot, not over all: where all queries of the context tell.</summary>
    public bool SeenMean { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireShare(Recovery, nameof(Recovery));
        RequireShare(FrequentShare, nameof(FrequentShare));
        RequireShare(LocalShare, nameof(LocalShare));
        RequireNotNegative(Window, nameof(Window));
        RequireNotNegative(Sinks, nameof(Sinks));
    }
}
