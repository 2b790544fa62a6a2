namespace KVCluster.Inference.Kv;

/// <summary>
/// The arena has too few free pages for what was asked. Thrown before anything changes, so the caller may evict, wait, or refuse.
/// </summary>
public sealed class ArenaFullException : InputException
{
    /// <summary>Says what was needed and what the arena had at that instant.</summary>
    public ArenaFullException(long neededPages, LedgerSnapshot ledger)
        : base(Describe(neededPages * ledger.PageBytes, ledger))
    {
        NeededBytes = neededPages * ledger.PageBytes;
        Ledger = ledger;
    }

    /// <summary>Free bytes that were needed, beyond any reservation of the asker.</summary>
    public long NeededBytes { get; }

    /// <summary>Bytes that were free.</summary>
    public long FreeBytes => Ledger.FreeBytes;

    /// <summary>Bytes that eviction of idle caches could free.</summary>
    public long EvictableBytes => Ledger.EvictableBytes;

    /// <summary>The whole ledger at that instant.</summary>
    public LedgerSnapshot Ledger { get; }

    private static string Describe(long needed, LedgerSnapshot ledger) =>
        $"the KV arena is full: {needed} bytes needed, {ledger.FreeBytes} free, {ledger.EvictableBytes} evictable, "
        + $"{ledger.PinnedBytes} pinned of {ledger.TotalBytes}";
}
