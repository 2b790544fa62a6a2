using KVCluster.Compression.Pressure;

namespace KVCluster.Worker.Serving.Pressure;

/// <summary>A device's memory as those see it who balance devices.</summary>
public sealed record DeviceMemory
{
    /// <summary>Bytes of its arena.</summary>
    public required long CapacityBytes { get; init; }

    /// <summary>Bytes held, reservations included.</summary>
    public required long UsedBytes { get; init; }

    /// <summary>Bytes that turns wait for, and those of caches that gave way within the last minute and are not back.</summary>
    public required long WaitingBytes { get; init; }

    /// <summary>
    /// Bytes held by weighted score (shares of a session's own mass times its weight); what no threshold frees counts as floors.
    /// </summary>
    public required ByteProfile Profile { get; init; }

    /// <summary>Bytes each tenant holds and waits for, in the same sense.</summary>
    public required IReadOnlyDictionary<string, long> Needs { get; init; }

    /// <summary>Idle sessions that could go elsewhere, those first that are worth most a byte.</summary>
    public required IReadOnlyList<MovableSession> Movable { get; init; }
}

/// <summary>An idle session that could go to another device.</summary>
/// <param name="Session">Which.</param>
/// <param name="Bytes">Bytes that would come free.</param>
public readonly record struct MovableSession(SessionKey Session, long Bytes);
