using KVCluster.Storage;

namespace KVCluster.Worker.Serving;

/// <summary>How a session came by its cache.</summary>
public sealed record AttachReport
{
    /// <summary>Where it came from.</summary>
    public required AttachSource Source { get; init; }

    /// <summary>Tokens of the history that need not be computed.</summary>
    public required int CachedTokens { get; init; }

    /// <summary>Tokens of the history that were (or are being) computed again.</summary>
    public required int RecomputedTokens { get; init; }

    /// <summary>Bytes read from the cold store.</summary>
    public long LoadedBytes { get; init; }

    /// <summary>Tokens behind the copy that were computed while it was loaded; the prompt's among them.</summary>
    public int OverlappedTokens { get; init; }

    /// <summary>Why a cold copy was not used; null where it was, or where none was looked for.</summary>
    public MissCause? Miss { get; init; }

    /// <summary>Seconds the choice was expected to take, by the worker's measured speeds; 0 where resident.</summary>
    public double PredictedSeconds { get; init; }

    /// <summary>Seconds it took, prefill of the history included.</summary>
    public double Seconds { get; init; }
}

/// <summary>Where a cache came from.</summary>
public enum AttachSource
{
    /// <summary>There was no history.</summary>
    New,

    /// <summary>It was in the arena.</summary>
    Resident,

    /// <summary>Loaded from the cold store, its tail computed.</summary>
    Loaded,

    /// <summary>Computed from the tokens.</summary>
    Recomputed,
}
