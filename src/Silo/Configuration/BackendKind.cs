namespace KVCluster.Silo.Configuration;

/// <summary>What runs a model.</summary>
internal enum BackendKind
{
    /// <summary>The C# kernels.</summary>
    Cpu,

    /// <summary>libtorch, for GPUs; in builds with -p:Backend=torch.</summary>
    Torch,
}
