namespace KVCluster.Engine.Conformance.Cluster;

/// <summary>A real silo, here or in a process of its own.</summary>
internal interface IOrleansSilo : IAsyncDisposable
{
    ConformanceSilo Description { get; }
}
