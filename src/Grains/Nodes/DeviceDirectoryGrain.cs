using Microsoft.Extensions.Options;

namespace KVCluster.Grains;

/// <inheritdoc cref="IDeviceDirectoryGrain"/>
internal sealed class DeviceDirectoryGrain(IOptions<GrainOptions> options, TimeProvider time) : Grain, IDeviceDirectoryGrain
{
    private readonly NodeRegister _nodes = new(options.Value.ReportLifetime, time);

    /// <inheritdoc/>
    public Task<NodeReport[]> Report(NodeReport report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(report);
        _nodes.Report(report);
        return Task.FromResult(_nodes.Live());
    }

    /// <inheritdoc/>
    public Task Leave(string node, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(node);
        _nodes.Leave(node);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<NodeReport[]> List(CancellationToken cancellationToken) => Task.FromResult(_nodes.Live());
}
