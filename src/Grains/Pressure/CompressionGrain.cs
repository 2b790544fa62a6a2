using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;
using Orleans.Runtime;

namespace KVCluster.Grains;

/// <inheritdoc cref="ICompressionGrain"/>
/// <remarks>
/// The device decides and acts by itself, on its own thread, within a step of the rise; this grain is where others see it and tell it to.
/// </remarks>
[NodePlacement]
internal sealed class CompressionGrain(INodeDevices devices, ILocalSiloDetails silo, MemoryBalancer balancer) : Grain, ICompressionGrain
{
    /// <inheritdoc/>
    public Task<PressureReport> Status(long afterEvent, CancellationToken cancellationToken) => Task.FromResult(Report(Here(), afterEvent));

    /// <inheritdoc/>
    public async Task<PressureReport> Relieve(CancellationToken cancellationToken)
    {
        IDeviceWorker worker = Here();
        long last = worker.Pressure?.Status(long.MaxValue).Totals.Sum(total => total.Count) ?? 0;
        try
        {
            await (worker.Pressure?.RelieveAsync(cancellationToken) ?? ValueTask.CompletedTask);
        }
        catch (DeviceFailedException error)
        {
            throw new SessionUnavailableException(error.Message);
        }

        return Report(worker, last);
    }

    private PressureReport Report(IDeviceWorker worker, long afterEvent) =>
        PressureReports.Of(silo.Name, worker, balancer.HasLiveLease, afterEvent);

    private IDeviceWorker Here()
    {
        string key = this.GetPrimaryKeyString();
        int slash = key.IndexOf('/', StringComparison.Ordinal);
        NodeDevice? device = slash > 0 && key[..slash] == silo.Name
            ? devices.All.FirstOrDefault(d => d.Worker.Device == key[(slash + 1)..])
            : null;
        if (device is null)
        {
            // The engine put it somewhere because no such node is known, or sent the call to where it was before; only a migration asks its director anew.
            MigrateOnIdle();
            throw new NodeNotFoundException($"no live node has the device '{key}'");
        }

        return device.Worker;
    }
}
