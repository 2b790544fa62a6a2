namespace KVCluster.Storage.Blobs;

/// <summary>What publishing a manifest came to.</summary>
public enum PublishResult
{
    /// <summary>Readers see it.</summary>
    Published,

    /// <summary>A later epoch has published.</summary>
    Fenced,

    /// <summary>The manifest there is not the expected one (another save, an expiry); no later epoch's, though.</summary>
    Conflict,

    /// <summary>The tenant's or the store's byte budget is spent, or the store is out of memory or disk.</summary>
    OverBudget,
}
