namespace KVCluster.Grains;

/// <summary>
/// Balances bytes between nodes and tenants by leases. One a cluster, key 0; in memory only, since every node reports again within seconds.
/// Nothing waits for it: a node without a live lease keeps to its last one.
/// </summary>
[Alias("KVCluster.IAllocatorGrain")]
public interface IAllocatorGrain : IGrainWithIntegerKey
{
    /// <summary>Takes a node's report and answers with its lease and the moves it should make.</summary>
    [Alias("Report")]
    Task<LeaseGrant> Report(MemoryReport report, CancellationToken cancellationToken = default);

    /// <summary>The last round: leases, moves, threshold.</summary>
    [Alias("Status"), AlwaysInterleave]
    Task<AllocatorReport> Status(CancellationToken cancellationToken = default);
}
