namespace KVCluster.Storage;

/// <summary>What a look at the manifest found.</summary>
public sealed record SnapshotLookup
{
    /// <summary>Why there is nothing to load; null where there is.</summary>
    public MissCause? Miss { get; init; }

    /// <summary>Tokens of the history that the copy stands for.</summary>
    public int Tokens { get; init; }

    /// <summary>Bytes to read.</summary>
    public long StoredBytes { get; init; }

    /// <summary>Arena pages it needs.</summary>
    public int Pages { get; init; }

    /// <summary>Whether every one of those tokens is present as computed.</summary>
    public bool IsExact { get; init; }

    /// <summary>Whether anything was found.</summary>
    public bool IsHit => Miss is null;
}
