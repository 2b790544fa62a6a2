namespace KVCluster.Grains;

/// <summary>A device at one instant. Bytes: free + evictable + pinned = total.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.DeviceReport")]
public sealed record DeviceReport
{
    /// <summary>Its name within the node, "cpu:0".</summary>
    [Id(0)]
    public required string Device { get; init; }

    /// <summary>Fingerprint of the model it serves.</summary>
    [Id(1)]
    public required string Model { get; init; }

    /// <summary>Bytes of its arena.</summary>
    [Id(2)]
    public required long TotalBytes { get; init; }

    /// <summary>Bytes nobody holds or has reserved.</summary>
    [Id(3)]
    public required long FreeBytes { get; init; }

    /// <summary>Bytes held by idle caches only.</summary>
    [Id(4)]
    public required long EvictableBytes { get; init; }

    /// <summary>Bytes held by running turns or reserved for them.</summary>
    [Id(5)]
    public required long PinnedBytes { get; init; }

    /// <summary>Sessions in the arena.</summary>
    [Id(6)]
    public required int Resident { get; init; }

    /// <summary>Turns running.</summary>
    [Id(7)]
    public required int Running { get; init; }

    /// <summary>Turns waiting.</summary>
    [Id(8)]
    public required int Waiting { get; init; }

    /// <summary>Measured prefill speed, tokens a second; 0 before the first.</summary>
    [Id(9)]
    public double PrefillTokensPerSecond { get; init; }

    /// <summary>Measured decode speed over all sessions, tokens a second; 0 before the first.</summary>
    [Id(10)]
    public double DecodeTokensPerSecond { get; init; }

    /// <summary>Whether it takes no new turns.</summary>
    [Id(11)]
    public bool IsDraining { get; init; }

    /// <summary>Why it serves no more; null while it does.</summary>
    [Id(12)]
    public string? Failure { get; init; }

    /// <summary>Bytes that the caches in the arena would take if every token were present.</summary>
    [Id(20)]
    public long WholeBytes { get; init; }
}
