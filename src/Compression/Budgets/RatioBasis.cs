namespace KVCluster.Compression.Budgets;

/// <summary>What a compression ratio is a share of. The two differ only for caches that were compressed before.</summary>
public enum RatioBasis
{
    /// <summary>The slots the cache holds now: ratio 0.5 halves what is there.</summary>
    Present,

    /// <summary>All tokens the cache stands for: ratio 0.5 leaves half of N, and nothing goes where less than that is present.</summary>
    Logical,
}
