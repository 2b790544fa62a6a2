using Orleans;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>A grain that a filter keeps off silo "a", whatever its director would do.</summary>
public interface IAvoidingGrain : IGrainWithStringKey
{
    Task<string> Silo();
}

[RandomPlacement, AvoidSilo]
public sealed class AvoidingGrain(ILocalSiloDetails silo) : Grain, IAvoidingGrain
{
    public Task<string> Silo() => Task.FromResult(silo.Name);
}

public sealed class AvoidSiloFilter(int order) : PlacementFilterStrategy(order)
{
    public AvoidSiloFilter()
        : this(0)
    {
    }
}

[AttributeUsage(AttributeTargets.Class)]
public sealed class AvoidSiloAttribute() : PlacementFilterAttribute(new AvoidSiloFilter(0));

public sealed class AvoidSiloFilterDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos) =>
        silos.Where(silo => metadata.GetSiloMetadata(silo).Metadata[ConformanceSilo.NameMetadata] != "a");
}
