using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace KVCluster.Grains;

/// <summary>Asks the tenant's index where the cache is, and <see cref="PlacementDecision"/> where to go.</summary>
internal sealed partial class SessionPlacementDirector(
    ClusterView cluster, ILocalSiloDetails silo, IGrainFactory grains, TimeProvider time, ILogger<SessionPlacementDirector> log)
    : IPlacementDirector
{
    /// <summary>The directory is a hint: a session is not kept waiting for it.</summary>
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public async Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        SiloAddress[] silos = context.GetCompatibleSilos(target);
        if (target.RequestContextData is { } data && IPlacementDirector.GetPlacementHint(data, silos) is { } hint)
        {
            return hint;
        }

        if (cluster.Nodes.Count == 0)
        {
            await Look(async () => cluster.Update(await grains.GetGrain<IDeviceDirectoryGrain>(0).List()));
        }

        string? holder = null;
        if (SessionId.TryParse(target.GrainIdentity.Key.ToString()) is { } id)
        {
            await Look(async () => holder = await grains.GetGrain<ITenantIndexPartGrain>(TenantParts.KeyOf(id)).Locate(id.Session));
        }

        if (PlacementDecision.Choose(cluster.Nodes.Where(node => silos.Contains(node.Address)), holder, cluster.PlacedOn) is { } chosen)
        {
            cluster.NotePlaced(chosen.Node);
            return chosen.Address;
        }

        // Nobody has reported yet, or nobody takes turns: here, where the session says so.
        return silos.Contains(silo.SiloAddress) ? silo.SiloAddress : silos[0];
    }

    private async Task Look(Func<Task> look)
    {
        try
        {
            await look().WaitAsync(LongestLook, time);
        }
        catch (Exception error)
        {
            DirectoryFailed(log, error);
        }
    }

    [LoggerMessage(EventId = 2041, Level = LogLevel.Warning, Message = "A directory could not be asked where to place a session")]
    private static partial void DirectoryFailed(ILogger log, Exception error);
}
