using Orleans.Runtime;

namespace KVCluster.Grains;

/// <inheritdoc cref="INodeGrain"/>
[NodePlacement]
internal sealed class NodeGrain(INodeDevices devices, NodeSessions sessions, NodeDrain drain, ILocalSiloDetails silo) : Grain, INodeGrain
{
    /// <inheritdoc/>
    public Task<NodeReport> Status(CancellationToken cancellationToken)
    {
        RequireHere();
        return Task.FromResult(NodeReports.Of(silo, devices, sessions));
    }

    /// <inheritdoc/>
    public async Task<NodeObservation> Observe(ObserveRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequireHere();
        return await NodeObservations.Of(silo.Name, devices, request, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<DrainReport> Drain(CancellationToken cancellationToken)
    {
        RequireHere();
        return drain.DrainAsync().WaitAsync(cancellationToken);
    }

    private void RequireHere()
    {
        string node = this.GetPrimaryKeyString();
        if (node != silo.Name)
        {
            // The engine put it somewhere because no such node is known, or sent the call to where it was before; only a migration asks its director anew.
            MigrateOnIdle();
            throw new NodeNotFoundException($"no live node is named '{node}'");
        }
    }
}
