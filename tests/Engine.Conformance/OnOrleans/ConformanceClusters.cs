using KVCluster.Engine.Conformance.OnOrleans;

namespace KVCluster.Engine.Conformance;

/// <summary>Clusters of the engine under test.</summary>
public static class ConformanceClusters
{
    public static async Task<IConformanceCluster> CreateAsync(ConformanceSettings settings) => await OrleansConformanceCluster.CreateAsync(settings);
}
