using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace KVCluster.Grains;

/// <summary>
/// Finds the silo of a name: the key, or what of it stands before a slash. Where none is known any will do: the grain itself sees that it is in the wrong place and says so.
/// </summary>
internal sealed class NodePlacementDirector(ClusterView cluster, ILocalSiloDetails silo, IGrainFactory grains) : IPlacementDirector
{
    /// <inheritdoc/>
    public async Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        string node = target.GrainIdentity.Key.ToString()!.Split('/')[0];
        SiloAddress[] silos = context.GetCompatibleSilos(target);
        SiloAddress? address = node == silo.Name
            ? silo.SiloAddress
            : await cluster.FindAsync(node, grains, CancellationToken.None);
        return address is not null && silos.Contains(address) ? address : silos[0];
    }
}
