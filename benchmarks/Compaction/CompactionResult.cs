namespace KVCluster.Benchmarks.Compaction;

/// <summary>Bytes of rows that a compaction moved and its seconds; GB/s that memcpy copied on one thread and on two.</summary>
internal sealed record CompactionResult(long Bytes, double Seconds, double OneThread, double TwoThreads)
{
    /// <summary>GB/s moved.</summary>
    public double Rate => Bytes / Seconds / 1e9;
}
