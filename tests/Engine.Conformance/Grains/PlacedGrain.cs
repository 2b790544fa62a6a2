using Orleans;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>A grain that says where it is.</summary>
public interface IPlacedGrain : IGrainWithStringKey
{
    Task<string> Silo();

    Task<Guid> Activation();

    Task Leave();
}

/// <summary>Keys begin with the silo's name, up to a '/'.</summary>
[NamedSilo]
public sealed class PlacedGrain(ILocalSiloDetails silo) : Grain, IPlacedGrain
{
    private readonly Guid _activation = Guid.NewGuid();

    public Task<string> Silo() => Task.FromResult(silo.Name);

    public Task<Guid> Activation() => Task.FromResult(_activation);

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

[GenerateSerializer]
public sealed class NamedSiloPlacement : PlacementStrategy;

[AttributeUsage(AttributeTargets.Class)]
public sealed class NamedSiloAttribute() : PlacementAttribute(new NamedSiloPlacement());

/// <summary>Where the hint says, else on the silo that the key begins with, else on any.</summary>
public sealed class NamedSiloPlacementDirector(ISiloMetadataCache metadata) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        SiloAddress[] silos = context.GetCompatibleSilos(target);
        if (target.RequestContextData is { } data && IPlacementDirector.GetPlacementHint(data, silos) is { } hint)
        {
            return Task.FromResult(hint);
        }

        string name = target.GrainIdentity.Key.ToString()!.Split('/')[0];
        return Task.FromResult(silos.FirstOrDefault(silo => metadata.GetSiloMetadata(silo).Metadata[ConformanceSilo.NameMetadata] == name) ?? silos[0]);
    }
}
