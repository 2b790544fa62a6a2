namespace KVCluster.Grains;

/// <summary>What a device has done since it started; every number only grows, so that a window is the difference of two reports.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.ActivityReport")]
public sealed record ActivityReport
{
    /// <summary>Tokens computed that were not generated just before.</summary>
    [Id(0)]
    public required long PromptTokens { get; init; }

    /// <summary>Tokens generated.</summary>
    [Id(1)]
    public required long GeneratedTokens { get; init; }

    /// <summary>Caches attached to turns, by source: "new", "resident", "loaded", "recomputed".</summary>
    [Id(2)]
    public required AttachTally[] Attached { get; init; }

    /// <summary>Cold copies looked for and not used, by cause; causes without any are left out.</summary>
    [Id(3)]
    public required Dictionary<string, long> Misses { get; init; }

    /// <summary>Turns by how they ended; ends without any are left out.</summary>
    [Id(4)]
    public required Dictionary<string, long> Turns { get; init; }

    /// <summary>Turns put back to wait for memory.</summary>
    [Id(5)]
    public required long PutBack { get; init; }

    /// <summary>Caches that left for others without a save, and their bytes.</summary>
    [Id(6)]
    public required long DroppedBytes { get; init; }

    /// <summary>Bytes of caches that left after a save.</summary>
    [Id(7)]
    public required long SavedBytes { get; init; }

    /// <summary>Compressions, and the bytes they freed.</summary>
    [Id(8)]
    public required long Compressions { get; init; }

    /// <inheritdoc cref="Compressions"/>
    [Id(9)]
    public required long CompressionFreedBytes { get; init; }

    /// <summary>From the call of a turn to its first token.</summary>
    [Id(10)]
    public required DurationReport FirstToken { get; init; }

    /// <summary>Between tokens of an answer.</summary>
    [Id(11)]
    public required DurationReport PerToken { get; init; }

    /// <summary>From the call of a turn to its first step.</summary>
    [Id(12)]
    public required DurationReport Queue { get; init; }
}

/// <summary>Caches attached from one source.</summary>
/// <param name="Source">"new", "resident", "loaded" or "recomputed".</param>
/// <param name="Count">How many.</param>
/// <param name="CachedTokens">History tokens that were not computed.</param>
/// <param name="RecomputedTokens">History tokens that were.</param>
/// <param name="PredictedSeconds">What attaching was expected to take, summed.</param>
/// <param name="Seconds">What it took, summed.</param>
[GenerateSerializer, Immutable, Alias("KVCluster.AttachTally")]
public readonly record struct AttachTally(
    [property: Id(0)] string Source,
    [property: Id(1)] long Count,
    [property: Id(2)] long CachedTokens,
    [property: Id(3)] long RecomputedTokens,
    [property: Id(4)] double PredictedSeconds,
    [property: Id(5)] double Seconds);

/// <summary>Durations in buckets: the first counts up to 0.1 ms, each further one up to the square root of two times the bound before, the last the rest.</summary>
/// <param name="Buckets">Counts.</param>
/// <param name="Seconds">Sum of all durations.</param>
[GenerateSerializer, Immutable, Alias("KVCluster.DurationReport")]
public sealed record DurationReport([property: Id(0)] long[] Buckets, [property: Id(1)] double Seconds)
{
    /// <summary>The first bucket's upper bound, seconds.</summary>
    public const double LeastSeconds = 1e-4;

    /// <summary>The upper bound of a bucket, seconds; the last has none.</summary>
    public static double BoundOf(int bucket) => LeastSeconds * Math.Pow(2, bucket / 2.0);
}
