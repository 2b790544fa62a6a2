using KVCluster.Storage.Blobs;

namespace KVCluster.Storage.Directories;

/// <summary>Settings of a <see cref="DirectoryBlobStore"/>.</summary>
public sealed record DirectoryBlobStoreOptions
{
    /// <summary>The folder; made where it is missing.</summary>
    public required string Path { get; init; }

    /// <summary>How many bytes it may hold.</summary>
    public required BlobBudget Budget { get; init; }

    /// <summary>How long a copy lives after it was written or used last.</summary>
    public TimeSpan TimeToLive { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Age from which a frame that no manifest names belongs to no save under way.</summary>
    public TimeSpan OrphanAge { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How often expired copies and orphans are looked for; zero: only when <see cref="DirectoryBlobStore.SweepAsync"/> is called.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Reads only: no lock is taken, so that a store in use can be looked at; writing is refused.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Frames of one owner read or written at once.</summary>
    public int Parallelism { get; init; } = 4;

    /// <summary>The clock that ages are measured with.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Called before each step that changes the disk, with its name: where tests let the power fail.</summary>
    internal Action<DirectoryStep>? Before { get; init; }
}
