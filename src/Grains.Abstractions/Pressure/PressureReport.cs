namespace KVCluster.Grains;

/// <summary>A device's pressure at one instant.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.PressureReport")]
public sealed record PressureReport
{
    /// <summary>The node.</summary>
    [Id(0)]
    public required string Node { get; init; }

    /// <summary>The device.</summary>
    [Id(1)]
    public required string Device { get; init; }

    /// <summary>Bytes it may hold: its lease, at most its size.</summary>
    [Id(2)]
    public required long LimitBytes { get; init; }

    /// <summary>Bytes held, reservations included.</summary>
    [Id(3)]
    public required long UsedBytes { get; init; }

    /// <summary>Bytes that turns wait for.</summary>
    [Id(4)]
    public required long WaitingBytes { get; init; }

    /// <summary>Bytes above which acts begin.</summary>
    [Id(5)]
    public required long HighBytes { get; init; }

    /// <summary>Bytes at which they stop.</summary>
    [Id(6)]
    public required long LowBytes { get; init; }

    /// <summary>Whether acts are under way.</summary>
    [Id(7)]
    public required bool IsPressing { get; init; }

    /// <summary>Whether the lease from the allocator still holds; false before the first.</summary>
    [Id(8)]
    public required bool HasLiveLease { get; init; }

    /// <summary>Events since the number asked for, oldest first, as far as they are remembered (the last 1024).</summary>
    [Id(9)]
    public required PressureEvent[] Events { get; init; }

    /// <summary>What all acts since the node's start came to, by kind and cause.</summary>
    [Id(10)]
    public required PressureTotal[] Totals { get; init; }
}

/// <summary>Acts of one kind and cause since the node's start.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Cause">The cause.</param>
/// <param name="Count">How many.</param>
/// <param name="FreedBytes">Bytes that came free, in all.</param>
/// <param name="DroppedMass">Shares of attention dropped, summed.</param>
[GenerateSerializer, Immutable, Alias("KVCluster.PressureTotal")]
public readonly record struct PressureTotal(
    [property: Id(0)] PressureEventKind Kind,
    [property: Id(1)] string Cause,
    [property: Id(2)] long Count,
    [property: Id(3)] long FreedBytes,
    [property: Id(4)] double DroppedMass);
