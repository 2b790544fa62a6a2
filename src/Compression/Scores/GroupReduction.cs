namespace KVCluster.Compression.Scores;

/// <summary>How the scores of the query heads that share a KV head become one.</summary>
public enum GroupReduction
{
    /// <summary>The mean over the group (KVCompose).</summary>
    Mean,

    /// <summary>The largest of the group (KVzip).</summary>
    Max,
}
