using KVCluster.Inference.Kv;

namespace KVCluster.Worker.Serving;

/// <summary>A device at one instant.</summary>
public sealed record DeviceStatus
{
    /// <summary>Pages free, evictable and pinned.</summary>
    public required LedgerSnapshot Ledger { get; init; }

    /// <summary>Sessions in the arena.</summary>
    public required int Resident { get; init; }

    /// <summary>Tokens that the caches in the arena stand for, whether or not all of them are present.</summary>
    public long HeldTokens { get; init; }

    /// <summary>Turns running.</summary>
    public required int Running { get; init; }

    /// <summary>Turns waiting.</summary>
    public required int Waiting { get; init; }

    /// <summary>Measured prefill speed, tokens a second; 0 before the first.</summary>
    public double PrefillTokensPerSecond { get; init; }

    /// <summary>Measured decode speed over all sessions, tokens a second; 0 before the first.</summary>
    public double DecodeTokensPerSecond { get; init; }

    /// <summary>Measured speed of loading cold copies, bytes a second; 0 before the first.</summary>
    public double LoadBytesPerSecond { get; init; }

    /// <summary>What it has done since it started; null where that is not counted.</summary>
    public DeviceActivity? Activity { get; init; }

    /// <summary>Whether it takes no new turns.</summary>
    public bool IsDraining { get; init; }

    /// <summary>Why its thread failed, after which it serves nothing; null while it does.</summary>
    public string? Failure { get; init; }
}
