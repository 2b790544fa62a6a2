namespace KVCluster.Engine.Hosting;

/// <summary>
/// Orleans' probing between silos, tuned so that a killed silo's grains answer elsewhere within 5 s. Orleans' defaults (3 probes of 5 s, a
/// table read every 60 s) take 10 to 18 s.
/// </summary>
/// <remarks>A longer pause than <see cref="ProbeTimeout"/> times <see cref="MissedProbes"/> (a full collection, a frozen container) also counts as death.</remarks>
public sealed record FailureDetection
{
    /// <summary>How long a probe may take; also the time between probes.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How many probes in a row must fail before a silo votes another dead.</summary>
    public int MissedProbes { get; init; } = 2;

    /// <summary>How often a silo reads the table of members anew, beside the gossip that tells it of changes.</summary>
    public TimeSpan TableRefresh { get; init; } = TimeSpan.FromSeconds(5);
}
