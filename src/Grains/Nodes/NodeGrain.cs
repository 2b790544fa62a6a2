using KVCluster.Worker.Serving;
using Orleans.Runtime;

namespace KVCluster.Grains;

/// <inheritdoc cref="INodeGrain"/>
[NodePlacement]
internal sealed class NodeGrain(INodeDevices devices, ILocalSiloDetails silo, IEnumerable<IColdUsage> cold) : Grain, INodeGrain
{
    /// <inheritdoc/>
    public Task<NodeReport> Status(CancellationToken cancellationToken)
    {
        RequireHere();
        return Task.FromResult(NodeReports.Of(silo, devices));
    }

    /// <inheritdoc/>
    public async Task<NodeObservation> Observe(ObserveRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequireHere();
        return await NodeObservations.Of(silo.Name, devices, cold.FirstOrDefault(), request, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task Drain(CancellationToken cancellationToken)
    {
        RequireHere();
        await Task.WhenAll(devices.All.Select(device => Drained(device.Worker, cancellationToken)));
    }

    private static async Task Drained(IDeviceWorker worker, CancellationToken cancellationToken)
    {
        try
        {
            await worker.DrainAsync(cancellationToken);
        }
        catch (DeviceFailedException)
        {
            // It takes no turn and runs none: that is what was asked for.
        }
    }

    private void RequireHere()
    {
        string node = this.GetPrimaryKeyString();
        if (node != silo.Name)
        {
            // The engine put it somewhere because no such node is known; it must not stay there.
            DeactivateOnIdle();
            throw new NodeNotFoundException($"no live node is named '{node}'");
        }
    }
}
