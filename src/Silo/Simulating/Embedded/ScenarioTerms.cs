using KVCluster.Evaluation.Scenarios;
using KVCluster.Grains;

namespace KVCluster.Silo.Simulating;

/// <summary>The tenants' terms of a scenario, in bytes of arenas.</summary>
internal sealed class ScenarioTerms(Scenario scenario, SimulationScale scale) : ITenantTerms
{
    private readonly Dictionary<string, TenantPromise> _terms = scenario.Tenants.ToDictionary(
        t => t.Name, t => new TenantPromise(t.Share, scale.Arena(t.GuaranteedBytes), null), StringComparer.Ordinal);

    /// <inheritdoc/>
    public TenantPromise Of(string tenant) => _terms.GetValueOrDefault(tenant, new TenantPromise(1, 0, null));
}
