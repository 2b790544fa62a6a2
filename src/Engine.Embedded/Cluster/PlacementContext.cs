using Microsoft.Extensions.DependencyInjection;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace KVCluster.Engine.Embedded;

/// <summary>The cluster, as the director that places one grain sees it.</summary>
internal sealed class PlacementContext(EmbeddedCluster cluster, GrainClass grainClass, EmbeddedSilo local) : IPlacementContext
{
    private readonly Random _random = cluster.Options.Random;

    /// <summary>Any of the silos.</summary>
    public static SiloAddress Any(IPlacementContext context, SiloAddress[] silos) =>
        silos[((context as PlacementContext)?._random ?? Random.Shared).Next(silos.Length)];

    public SiloAddress LocalSilo => local.SiloAddress;

    public SiloAddress[] GetCompatibleSilos(PlacementTarget target)
    {
        IEnumerable<SiloAddress> silos = cluster.RunningSilos().Select(silo => silo.SiloAddress).ToArray();
        foreach (var filter in grainClass.Filters)
        {
            var director = local.Services.GetKeyedService<IPlacementFilterDirector>(filter.GetType())
                ?? throw new OrleansException($"No placement filter director is registered for {filter.GetType()}.");
            silos = director.Filter(filter, target, silos);
        }

        var compatible = silos.ToArray();
        return compatible.Length > 0 ? compatible
            : throw new OrleansException($"No active nodes are compatible with grain {target.GrainIdentity.Type}.");
    }
}

/// <summary>Places on the silo that the request context asks for, else on any.</summary>
internal sealed class RandomPlacementDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target);
        return Task.FromResult(IPlacementDirector.GetPlacementHint(target.RequestContextData, silos) ?? PlacementContext.Any(context, silos));
    }
}

/// <summary>Places on the silo that the request context asks for, else on the caller's, else on any.</summary>
internal sealed class PreferLocalPlacementDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target);
        return Task.FromResult(IPlacementDirector.GetPlacementHint(target.RequestContextData, silos)
            ?? (silos.Contains(context.LocalSilo) ? context.LocalSilo : PlacementContext.Any(context, silos)));
    }
}
