using System.Diagnostics;

namespace KVCluster.Storage;

/// <summary>Asks for the copy of an owner.</summary>
public sealed record SnapshotQuery
{
    /// <summary>Whose.</summary>
    public required SnapshotOwner Owner { get; init; }

    /// <summary>The terms it must have been made on.</summary>
    public required SnapshotTerms Terms { get; init; }

    /// <summary>The reader's epoch: a copy published by a later one is a miss (<see cref="MissCause.LaterEpoch"/>): the reader is fenced.</summary>
    public required long Epoch { get; init; }

    /// <summary>
    /// The conversation's token history. An exact copy may stand for more or for fewer tokens: as many as agree are used. A compressed copy
    /// must stand for a beginning of them, whole.
    /// </summary>
    public required ReadOnlyMemory<int> Tokens { get; init; }

    /// <summary>Only an exact copy will do: what a compressed session is made whole from.</summary>
    public bool ExactOnly { get; init; }

    /// <summary>Told of a load's layers as they arrive; null: nobody waits for less than all of them.</summary>
    public LayerArrival? Arrival { get; init; }

    /// <summary>The caller's span, below which the store's is put; default: none.</summary>
    public ActivityContext Trace { get; init; }
}
