namespace KVCluster.Compression.Policies;

/// <summary>Which norm of a vector.</summary>
public enum VectorNorm
{
    /// <summary>The sum of magnitudes.</summary>
    L1,

    /// <summary>The Euclidean length.</summary>
    L2,
}
