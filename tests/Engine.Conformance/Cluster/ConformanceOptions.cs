namespace KVCluster.Engine.Conformance.Cluster;

/// <summary>What a case needs of its cluster. Spans of time are short, so that an engine with a real clock can wait for them.</summary>
public sealed record ConformanceOptions
{
    /// <summary>How many silos it begins with.</summary>
    public int Silos { get; init; } = 1;

    /// <summary>
    /// Whether silos beyond the first may be killed. On Orleans each is then a process of its own: cases see it through its grains only, and what
    /// <see cref="Stage.Keep"/> holds is not there.
    /// </summary>
    public bool Killable { get; init; }

    /// <summary>The response timeout of silos and client.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The age at which idle activations are collected; they are looked for every second.</summary>
    public TimeSpan CollectionAge { get; init; } = TimeSpan.FromMinutes(15);
}
