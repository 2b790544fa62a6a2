using KVCluster.Engine.Conformance.Embedded;

namespace KVCluster.Engine.Conformance;

/// <summary>Clusters of the engine under test.</summary>
public static class ConformanceClusters
{
    public static Task<IConformanceCluster> CreateAsync(ConformanceSettings settings) =>
        Task.FromResult<IConformanceCluster>(new EmbeddedConformanceCluster(settings));
}
