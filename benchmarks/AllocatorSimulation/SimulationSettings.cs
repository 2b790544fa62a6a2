namespace KVCluster.Benchmarks.AllocatorSimulation;

/// <summary>What is simulated. All policies see the same sessions and the same turns.</summary>
internal sealed record SimulationSettings
{
    public int Nodes { get; init; } = 1000;

    public int SessionsPerNode { get; init; } = 1000;

    public int Rounds { get; init; } = 30;

    /// <summary>The round in which other nodes become the hot ones.</summary>
    public int ShiftRound => Rounds / 2;

    public int Seed { get; init; } = 1;

    public string? PlotPath { get; init; }

    /// <summary>Seconds of a round: an allocator's round and a device's look at its memory.</summary>
    public double RoundSeconds { get; init; } = 2;

    /// <summary>The share of sessions that have a turn in a round, on a node that is not hot: one in five is popular, the others are not.</summary>
    public double PopularRate { get; init; } = 0.08;

    public double OtherRate { get; init; } = 0.005;

    /// <summary>The share of turns that bring a new document.</summary>
    public double NewDocument { get; init; } = 0.1;

    /// <summary>The share of nodes that are hot, and how many times as many turns they have.</summary>
    public double HotNodes { get; init; } = 0.1;

    public double HotFactor { get; init; } = 8;

    /// <summary>A node's memory against the bytes of all its sessions uncompressed.</summary>
    public double MemoryShare { get; init; } = 0.15;

    public double LoadBytesPerSecond { get; init; } = 0.1e9;

    public double PrefillTokensPerSecond { get; init; } = 1000;

    public double LoadSecondsOf(long bytes, int tokens) => Math.Min(bytes / LoadBytesPerSecond, tokens / PrefillTokensPerSecond);
}
