using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace KVCluster.Grains;

/// <summary>Tells the device directory of this node, again and again, and keeps what it answers.</summary>
public sealed partial class NodeReporter(
    INodeDevices devices,
    NodeSessions sessions,
    ClusterView cluster,
    ILocalSiloDetails silo,
    IGrainFactory grains,
    IOptions<GrainOptions> options,
    TimeProvider time,
    ILogger<NodeReporter> log) : BackgroundService
{
    /// <summary>One report.</summary>
    public async Task ReportAsync(CancellationToken cancellationToken) =>
        cluster.Update(await grains.GetGrain<IDeviceDirectoryGrain>(0).Report(NodeReports.Of(silo, devices, sessions), cancellationToken));

    /// <summary>One report where the directory takes it soon; else a line in the log.</summary>
    internal async Task TryReportAsync()
    {
        using var limit = new CancellationTokenSource(options.Value.ReportLifetime, time);
        try
        {
            await ReportAsync(limit.Token);
        }
        catch (Exception error)
        {
            ReportFailed(log, error);
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await grains.GetGrain<IDeviceDirectoryGrain>(0).Leave(silo.Name, cancellationToken);
        }
        catch (Exception error)
        {
            ReportFailed(log, error);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.ReportPeriod, time);
        try
        {
            do
            {
                try
                {
                    await ReportAsync(stoppingToken);
                }
                catch (Exception error) when (!stoppingToken.IsCancellationRequested)
                {
                    ReportFailed(log, error);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    [LoggerMessage(EventId = 2021, Level = LogLevel.Warning, Message = "This node's report did not reach the device directory")]
    private static partial void ReportFailed(ILogger log, Exception error);
}
