namespace KVCluster.Storage.Blobs;

/// <summary>What writing a frame came to.</summary>
public enum FrameWrite
{
    /// <summary>The store has it.</summary>
    Written,

    /// <summary>The tenant's or the store's byte budget is spent, or the store is out of memory or disk; nothing was left behind.</summary>
    OverBudget,
}
