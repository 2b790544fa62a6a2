using KVCluster.Worker.Serving;

namespace KVCluster.Grains;

/// <summary>A fixed list of devices.</summary>
public sealed class NodeDevices(IEnumerable<IDeviceWorker> workers) : INodeDevices
{
    /// <inheritdoc/>
    public IReadOnlyList<NodeDevice> All { get; } = [.. workers.Select(worker => new NodeDevice(worker))];

    /// <inheritdoc/>
    public async ValueTask<NodeDevice> ForAsync(SessionKey session, CancellationToken cancellationToken)
    {
        (NodeDevice Device, DeviceReport Report)[] fit = [.. All
            .Select(device => (Device: device, Report: device.Report()))
            .Where(d => d.Report is { Failure: null, IsDraining: false })
            .OrderByDescending(d => d.Report.FreeBytes)];
        if (fit.Length == 0)
        {
            throw new SessionMovingException($"session {session}: no device of this node takes turns");
        }

        if (fit.Length > 1)
        {
            foreach ((NodeDevice device, DeviceReport _) in fit)
            {
                if (await device.Worker.DescribeAsync(session, cancellationToken) is { Tokens: > 0 })
                {
                    return device;
                }
            }
        }

        return fit[0].Device;
    }
}
