using KVCluster.Engine.Conformance.Cluster;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>Registers the placement of the test grains.</summary>
public static class ConformancePlacement
{
    public static void AddTo(ISiloBuilder silo)
    {
        silo.AddPlacementDirector<DirectedPlacement, DirectedPlacementDirector>();
        silo.Services.AddPlacementFilter<NamedSiloFilter, NamedSiloFilterDirector>(ServiceLifetime.Singleton);
    }
}

[Serializable]
public sealed class DirectedPlacement : PlacementStrategy;

public sealed class DirectedPlacementAttribute() : PlacementAttribute(new DirectedPlacement());

/// <summary>Places on the silo whose name the request context has under <c>node</c>; notes what it was asked.</summary>
public sealed class DirectedPlacementDirector(ISiloMetadataCache metadata, Stage stage) : IPlacementDirector
{
    public async Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        await Task.Yield();
        var node = (string?)target.RequestContextData?.GetValueOrDefault("node");
        stage.Note($"director asked for {target.GrainIdentity.Key} on {node ?? "any"}");
        return context.GetCompatibleSilos(target).FirstOrDefault(silo => metadata.GetSiloMetadata(silo).Metadata.GetValueOrDefault("name") == node)
            ?? throw new InvalidOperationException($"There is no node {node}.");
    }
}

public sealed class NamedSiloFilter : PlacementFilterStrategy
{
    public NamedSiloFilter()
        : base(order: 1)
    {
    }
}

public sealed class NamedSiloFilterAttribute() : PlacementFilterAttribute(new NamedSiloFilter());

/// <summary>Leaves the silo whose name the grain's key begins with.</summary>
public sealed class NamedSiloFilterDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos)
        => silos.Where(silo => metadata.GetSiloMetadata(silo).Metadata.TryGetValue("name", out var name)
            && target.GrainIdentity.Key.ToString().StartsWith(name + "-", StringComparison.Ordinal));
}
