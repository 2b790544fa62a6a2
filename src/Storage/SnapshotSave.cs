namespace KVCluster.Storage;

/// <summary>What saving came to.</summary>
public sealed record SnapshotSave
{
    /// <summary>Whether the copy is published.</summary>
    public required SaveOutcome Outcome { get; init; }

    /// <summary>Why it is not, in words for an operator; null where it is.</summary>
    public string? Reason { get; init; }

    /// <summary>Generation published.</summary>
    public long Generation { get; init; }

    /// <summary>Bytes written by this call.</summary>
    public long WrittenBytes { get; init; }

    /// <summary>Bytes of the whole copy.</summary>
    public long StoredBytes { get; init; }

    /// <summary>Seconds it took.</summary>
    public double Seconds { get; init; }
}

/// <summary>Ways a save can end.</summary>
public enum SaveOutcome
{
    /// <summary>Published; readers see it.</summary>
    Published,

    /// <summary>A later epoch has published: the writer is fenced and must stop.</summary>
    Fenced,

    /// <summary>The tenant's or the store's byte budget is spent, or the store is out of memory.</summary>
    OverBudget,

    /// <summary>The store could not be reached or failed; the earlier copy, if any, stands.</summary>
    Unavailable,
}
