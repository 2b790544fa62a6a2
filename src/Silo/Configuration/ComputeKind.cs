namespace KVCluster.Silo.Configuration;

/// <summary>What the torch backend computes weights and activations in.</summary>
internal enum ComputeKind
{
    /// <summary>bfloat16 on a GPU, float32 on a CPU.</summary>
    Auto,

    /// <summary>IEEE single precision.</summary>
    F32,

    /// <summary>The upper half of a single.</summary>
    BF16,

    /// <summary>IEEE half precision.</summary>
    F16,
}
