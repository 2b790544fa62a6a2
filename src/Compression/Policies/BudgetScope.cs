namespace KVCluster.Compression.Policies;

/// <summary>How widely slots compete for places.</summary>
public enum BudgetScope
{
    /// <summary>Within their head: all heads get the same.</summary>
    Head,

    /// <summary>Within their layer: heads of a layer share its budget.</summary>
    Layer,

    /// <summary>All slots of the cache.</summary>
    Model,
}
