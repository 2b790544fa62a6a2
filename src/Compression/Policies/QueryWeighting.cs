namespace KVCluster.Compression.Policies;

/// <summary>What each query's attention counts before queries are aggregated.</summary>
public enum QueryWeighting
{
    /// <summary>All the same.</summary>
    Uniform,

    /// <summary>Its position: a query that sees more spreads its attention thinner (Finch).</summary>
    Position,

    /// <summary>One over the L2 norm of its hidden state before the attention, normed (KVzip+).</summary>
    InverseHiddenNorm,
}
