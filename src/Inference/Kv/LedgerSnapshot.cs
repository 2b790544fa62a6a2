namespace KVCluster.Inference.Kv;

/// <summary>An arena's memory at one instant: Free + Evictable + Pinned = Total, in pages and so in bytes.</summary>
/// <param name="PageBytes">Bytes a page.</param>
/// <param name="TotalPages">All pages.</param>
/// <param name="FreePages">Pages nobody holds and nobody has reserved.</param>
/// <param name="EvictablePages">Pages held by idle caches only.</param>
/// <param name="PinnedPages">Pages held by a pinned (generating) cache, and pages reserved but not spent.</param>
/// <param name="ReservedPages">The part of the pinned pages that is reserved but not spent.</param>
public readonly record struct LedgerSnapshot(
    long PageBytes, int TotalPages, int FreePages, int EvictablePages, int PinnedPages, int ReservedPages)
{
    /// <summary>All bytes.</summary>
    public long TotalBytes => TotalPages * PageBytes;

    /// <summary>Free bytes.</summary>
    public long FreeBytes => FreePages * PageBytes;

    /// <summary>Evictable bytes.</summary>
    public long EvictableBytes => EvictablePages * PageBytes;

    /// <summary>Pinned bytes, with those reserved.</summary>
    public long PinnedBytes => PinnedPages * PageBytes;

    /// <summary>Reserved bytes.</summary>
    public long ReservedBytes => ReservedPages * PageBytes;
}
