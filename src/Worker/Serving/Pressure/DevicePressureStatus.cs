namespace KVCluster.Worker.Serving.Pressure;

/// <summary>A device's memory pressure at one instant.</summary>
public sealed record DevicePressureStatus
{
    /// <summary>Bytes it may hold.</summary>
    public required long LimitBytes { get; init; }

    /// <summary>Bytes held, reservations included.</summary>
    public required long UsedBytes { get; init; }

    /// <summary>Bytes that turns wait for.</summary>
    public required long WaitingBytes { get; init; }

    /// <summary>Bytes above which acts begin.</summary>
    public required long HighBytes { get; init; }

    /// <summary>Bytes at which they stop.</summary>
    public required long LowBytes { get; init; }

    /// <summary>Whether acts are under way.</summary>
    public required bool IsPressing { get; init; }

    /// <summary>Events asked for, oldest first, as far as they are remembered.</summary>
    public required IReadOnlyList<ReliefEvent> Events { get; init; }

    /// <summary>All events since the worker's start, by kind and cause.</summary>
    public required IReadOnlyList<ReliefTotal> Totals { get; init; }
}
