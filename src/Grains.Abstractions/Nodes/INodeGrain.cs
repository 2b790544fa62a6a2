namespace KVCluster.Grains;

/// <summary>One node: runs on the silo whose name is its key.</summary>
[Alias("KVCluster.INodeGrain")]
public interface INodeGrain : IGrainWithStringKey
{
    /// <summary>The node's devices at this instant.</summary>
    /// <exception cref="NodeNotFoundException">No live node has that name.</exception>
    [Alias("Status"), AlwaysInterleave]
    Task<NodeReport> Status(CancellationToken cancellationToken = default);

    /// <summary>The node's devices with all that operators look at; of its sessions only those that changed.</summary>
    /// <exception cref="NodeNotFoundException">No live node has that name.</exception>
    [Alias("Observe"), AlwaysInterleave]
    Task<NodeObservation> Observe(ObserveRequest request, CancellationToken cancellationToken = default);

    /// <summary>
    /// Takes the node out of service: no new turn from now on, running turns end, or are handed over or broken off when their time is up, caches move to other
    /// nodes, or to the cold store where there is none. Sessions are placed elsewhere from then on. Asked again, it answers with the same report.
    /// </summary>
    /// <exception cref="NodeNotFoundException">No live node has that name.</exception>
    [Alias("Drain"), AlwaysInterleave, ResponseTimeout("00:30:00")]
    Task<DrainReport> Drain(CancellationToken cancellationToken = default);
}
