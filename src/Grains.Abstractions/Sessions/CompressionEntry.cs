namespace KVCluster.Grains;

/// <summary>One compression of a session's cache, in numbers.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.CompressionEntry")]
public sealed record CompressionEntry
{
    /// <summary>The policy's name.</summary>
    [Id(0)]
    public required string Policy { get; init; }

    /// <summary>Tokens the cache stood for.</summary>
    [Id(1)]
    public required int Tokens { get; init; }

    /// <summary>Share of the scored attention that was dropped, in [0, 1]; null where the policy does not score by it.</summary>
    [Id(2)]
    public double? DroppedMass { get; init; }

    /// <summary>Bytes of its pages before.</summary>
    [Id(3)]
    public required long BytesBefore { get; init; }

    /// <summary>Bytes of its pages after.</summary>
    [Id(4)]
    public required long BytesAfter { get; init; }

    /// <summary>When it was done, by the device's clock; of a growing answer's cuts the last. Null where it is not known.</summary>
    [Id(5)]
    public DateTimeOffset? At { get; init; }

    /// <summary>
    /// Why: "asked" where somebody asked for it, else what made memory short ("high-watermark", "still-above-low", "waiting-turns",
    /// "growing-answer", "tenant-limit"). Null where it is not known.
    /// </summary>
    [Id(6)]
    public string? Cause { get; init; }
}
