namespace KVCluster.Worker.Serving;

/// <summary>One session of a device in a line: what a list of thousands shows.</summary>
public sealed record ResidentLine
{
    /// <summary>Which.</summary>
    public required SessionKey Session { get; init; }

    /// <summary>What it is doing.</summary>
    public required ResidentState State { get; init; }

    /// <summary>Tokens the cache stands for.</summary>
    public required int Tokens { get; init; }

    /// <summary>Slots present, averaged over all (layer, KV head), in tokens.</summary>
    public required double KeptTokens { get; init; }

    /// <summary>Whether every token is present as computed.</summary>
    public required bool IsExact { get; init; }

    /// <summary>Bytes of the arena held, shared ones in full.</summary>
    public required long Bytes { get; init; }

    /// <summary>Bytes of the last cold copy known of; 0: none.</summary>
    public required long ColdBytes { get; init; }

    /// <summary>Compressions since it was exact.</summary>
    public required int Compressions { get; init; }

    /// <summary>When its last turn ended.</summary>
    public required DateTimeOffset LastUsed { get; init; }
}

/// <summary>What changed among a device's sessions.</summary>
/// <param name="Stamp">Ask with it next time.</param>
/// <param name="IsWhole">All sessions are in <paramref name="Lines"/>: what the caller knew is to be forgotten.</param>
/// <param name="Lines">Sessions that came or changed.</param>
/// <param name="Gone">Sessions whose cache is not on the device any more.</param>
public sealed record ResidentChanges(long Stamp, bool IsWhole, IReadOnlyList<ResidentLine> Lines, IReadOnlyList<SessionKey> Gone);

/// <summary>All caches of a device together, as of the last look.</summary>
/// <param name="Tokens">Tokens stood for.</param>
/// <param name="KeptTokens">Tokens kept, averaged over (layer, KV head).</param>
public sealed record ResidentTotals(long Tokens, double KeptTokens)
{
    /// <summary>Kept over stood for; 1 where there is nothing.</summary>
    public double KeptRatio => Tokens == 0 ? 1 : KeptTokens / Tokens;
}
