namespace KVCluster.Compression.Budgets;

/// <summary>What happens to equal values when not all of them fit.</summary>
public enum TieRule
{
    /// <summary>All or none: one threshold tells what stays.</summary>
    WholeGroups,

    /// <summary>One by one, by row, then by rank.</summary>
    RowFirst,

    /// <summary>One by one, by rank, then by row: rows share alike.</summary>
    RankFirst,
}
