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
    /// Takes no new turn from now on and returns when the running ones have ended. Sessions are placed elsewhere from then on.
    /// </summary>
    /// <exception cref="NodeNotFoundException">No live node has that name.</exception>
    [Alias("Drain"), AlwaysInterleave, ResponseTimeout("00:30:00")]
    Task Drain(CancellationToken cancellationToken = default);
}
