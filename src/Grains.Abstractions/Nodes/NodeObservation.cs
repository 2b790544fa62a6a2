namespace KVCluster.Grains;

/// <summary>What a caller knows of a node's devices, so that only what changed is told.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.ObserveRequest")]
public sealed record ObserveRequest
{
    /// <summary>The stamp of the last <see cref="DeviceObservation"/> by device; a device that is missing tells everything.</summary>
    [Id(0)]
    public Dictionary<string, long> Stamps { get; init; } = [];

    /// <summary>Whether sessions are wanted; else <see cref="DeviceObservation.Sessions"/> is empty.</summary>
    [Id(1)]
    public bool WithSessions { get; init; } = true;
}

/// <summary>A node at one instant, for operators.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.NodeObservation")]
public sealed record NodeObservation
{
    /// <summary>The node.</summary>
    [Id(0)]
    public required string Node { get; init; }

    /// <summary>Its devices.</summary>
    [Id(1)]
    public required DeviceObservation[] Devices { get; init; }
}

/// <summary>A device at one instant, for operators.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.DeviceObservation")]
public sealed record DeviceObservation
{
    /// <summary>Memory, sessions, queues and speeds.</summary>
    [Id(0)]
    public required DeviceReport Report { get; init; }

    /// <summary>Element type of cached keys and values: "f32", "bf16", "int8".</summary>
    [Id(1)]
    public required string KvType { get; init; }

    /// <summary>The part of the pinned bytes that is reserved and not spent.</summary>
    [Id(2)]
    public required long ReservedBytes { get; init; }

    /// <summary>Measured speed of loads from the cold store, bytes a second; 0 before the first.</summary>
    [Id(3)]
    public double LoadBytesPerSecond { get; init; }

    /// <summary>What it has done since it started; null where it does not count.</summary>
    [Id(4)]
    public ActivityReport? Activity { get; init; }

    /// <summary>Ask with it next time.</summary>
    [Id(5)]
    public long Stamp { get; init; }

    /// <summary>Whether all its sessions are in <see cref="Sessions"/>: what was known is to be forgotten.</summary>
    [Id(6)]
    public bool IsWhole { get; init; }

    /// <summary>Sessions in the arena that came or changed.</summary>
    [Id(7)]
    public SessionLine[] Sessions { get; init; } = [];

    /// <summary>Sessions whose cache is not there any more, "tenant/session".</summary>
    [Id(8)]
    public string[] Gone { get; init; } = [];
}

/// <summary>A session on a device in one line.</summary>
/// <param name="Key">"tenant/session".</param>
/// <param name="Phase">What it is doing.</param>
/// <param name="Tokens">Tokens its cache stands for.</param>
/// <param name="KeptTokens">Tokens kept, averaged over all (layer, KV head).</param>
/// <param name="IsExact">Whether every token is present as computed.</param>
/// <param name="Bytes">Bytes of the arena held, shared ones in full.</param>
/// <param name="ColdBytes">Bytes of the last cold copy known of; 0: none.</param>
/// <param name="Compressions">Compressions since it was exact.</param>
/// <param name="LastUsed">When its last turn ended.</param>
[GenerateSerializer, Immutable, Alias("KVCluster.SessionLine")]
public sealed record SessionLine(
    [property: Id(0)] string Key,
    [property: Id(1)] SessionPhase Phase,
    [property: Id(2)] int Tokens,
    [property: Id(3)] double KeptTokens,
    [property: Id(4)] bool IsExact,
    [property: Id(5)] long Bytes,
    [property: Id(6)] long ColdBytes,
    [property: Id(7)] int Compressions,
    [property: Id(8)] DateTimeOffset LastUsed);
