using KVCluster.Storage.Encryption;

namespace KVCluster.Storage;

/// <summary>How a <see cref="SnapshotStore"/> writes copies. Reading follows what is in the manifest.</summary>
public sealed record SnapshotStoreOptions
{
    /// <summary>How rows are written.</summary>
    public SnapshotCodec Codec { get; init; } = SnapshotCodec.Raw;

    /// <summary>Keys of tenants; null: nothing is encrypted, and encrypted copies are misses.</summary>
    public ITenantKeys? Keys { get; init; }

    /// <summary>Whether the last exact copy is kept beside a compressed one, as long as the budget allows.</summary>
    public bool KeepExact { get; init; } = true;

    /// <summary>
    /// Whether copies that were used the longest ago are deleted where a save finds the budget spent: its tenant's own where that budget is,
    /// else those of all. Otherwise the save is <see cref="SaveOutcome.OverBudget"/>.
    /// </summary>
    public bool EvictLeastRecentlyUsed { get; init; } = true;

    /// <summary>Slots of a head in a full frame.</summary>
    public int SegmentTokens { get; init; } = 256;

    /// <summary>Bytes a full frame should have at most; where a single layer has more, it has a frame of its own.</summary>
    public int FrameBytes { get; init; } = 2 << 20;

    /// <summary>The clock that speeds are measured with.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
