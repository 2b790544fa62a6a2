namespace KVCluster.Engine.Conformance;

/// <summary>What a case sets of its cluster.</summary>
public sealed record ConformanceSettings
{
    /// <summary>How long callers wait, clients and grains alike.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an activation stays without a call.</summary>
    public TimeSpan CollectionAge { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How often idle activations are looked for.</summary>
    public TimeSpan CollectionQuantum { get; init; } = TimeSpan.FromMinutes(1);
}
