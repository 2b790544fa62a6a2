namespace KVCluster.Compression;

/// <summary>How the attention that many queries pay to one token becomes one number (KVCompose's AGG_task).</summary>
public enum QueryAggregation
{
    /// <summary>The largest over the queries (the paper's default).</summary>
    Max,

    /// <summary>The mean over the queries.</summary>
    Mean,
}
