using KVCluster.Evaluation.Scenarios;
using KVCluster.Inference;

namespace KVCluster.Silo.Simulating;

/// <summary>Several silos on one clock are the embedded engine's.</summary>
internal static class Simulation
{
    /// <exception cref="InputException">Always: this build cannot.</exception>
    public static SimulationReport Run(Scenario scenario, CancellationToken cancellationToken, SimulationTimeline? timeline = null) =>
        throw new InputException($"'{scenario.Name}' is simulated by the default build, and this one is of -p:ClusterEngine=orleans");
}
