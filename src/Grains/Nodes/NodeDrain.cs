using System.Collections.Concurrent;
using KVCluster.Worker.Serving;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace KVCluster.Grains;

/// <summary>
/// Takes this node out of service, in order: no turn begins, running turns have their time to end, caches go to other nodes, those used last
/// first, or to the cold store where there is no other node. A service of the silo.
/// </summary>
public sealed partial class NodeDrain(
    INodeDevices devices,
    NodeSessions sessions,
    ClusterView cluster,
    NodeReporter reporter,
    ILocalSiloDetails silo,
    IGrainFactory grains,
    IOptions<GrainOptions> settings,
    TimeProvider time,
    ILogger<NodeDrain> log)
{
    /// <summary>How long after a session was found busy it is asked again.</summary>
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(100);

    private readonly GrainOptions _options = settings.Value;
    private readonly Lock _gate = new();
    private Task<DrainReport>? _drained;
    private Task? _turns;
    private int _begun;
    private long _since;

    /// <summary>Takes no turn from now on. Done again it changes nothing.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            if (_turns is not null)
            {
                return;
            }

            _since = time.GetTimestamp();
            sessions.Drain();
            _begun = Turns();
            _turns = Task.WhenAll(devices.All.Select(device => EndedAsync(device.Worker)));
        }
    }

    /// <summary>All of it, once: who asks again gets the same report. Nodes of one process begin together, so that none moves to another.</summary>
    public Task<DrainReport> DrainAsync()
    {
        Begin();
        lock (_gate)
        {
            if (_drained is null)
            {
                // Apart from whoever asked first: its grain, its request and its deadline are not this work's.
                using (ExecutionContext.SuppressFlow())
                {
                    _drained = Task.Run(RunAsync);
                }
            }

            return _drained;
        }
    }

    private async Task<DrainReport> RunAsync()
    {
        await reporter.TryReportAsync();
        if (cluster.HasSeenOthers && !cluster.Nodes.Any(node => node.Node != silo.Name && node.Devices.Length > 0))
        {
            // A directory that has just begun anew knows of the others once they have reported.
            await Task.Delay(_options.ReportPeriod, time);
            await reporter.TryReportAsync();
        }

        using var limit = new CancellationTokenSource(_options.DrainTurns + _options.DrainHandOver, time);
        Task<int> handOver = HandOverAsync(limit.Token);
        int cut = await EndTurnsAsync();
        int left = await handOver;
        int handedOver = Math.Min(sessions.HandedOverTurns, cut);
        var report = new DrainReport
        {
            Node = silo.Name,
            Turns = _begun,
            HandedOver = handedOver,
            BrokenOff = cut - handedOver,
            Moved = sessions.Moved,
            Saved = sessions.Saved,
            Left = left,
            Uncopied = sessions.Uncopied,
            CacheBytes = sessions.CacheBytes,
            WrittenBytes = sessions.WrittenBytes,
            Seconds = time.GetElapsedTime(_since).TotalSeconds,
        };
        Drained(
            log, report.Node, report.Seconds, report.Turns, report.HandedOver, report.BrokenOff, report.Moved, report.Saved, report.Left, report.Uncopied,
            report.CacheBytes, report.WrittenBytes);
        return report;
    }

    /// <summary>Waits for running turns as long as they may take; how many were cut then.</summary>
    private async Task<int> EndTurnsAsync()
    {
        try
        {
            await _turns!.WaitAsync(_options.DrainTurns, time);
            return 0;
        }
        catch (TimeoutException)
        {
            int running = Turns();
            await sessions.BreakOffAsync();
            return running;
        }
    }

    /// <summary>Hands over what is active here until time is up; how many sessions are left then.</summary>
    private async Task<int> HandOverAsync(CancellationToken timeUp)
    {
        IReadOnlyList<SessionId> left = sessions.ByLastUse();
        try
        {
            while (left.Count > 0)
            {
                ConcurrentQueue<SessionId> again = [];
                await Parallel.ForEachAsync(
                    left,
                    new ParallelOptions { MaxDegreeOfParallelism = _options.DrainParallelism, CancellationToken = timeUp },
                    async (session, stop) =>
                    {
                        if (!await TryAsync(session, stop))
                        {
                            again.Enqueue(session);
                        }
                    });
                left = [.. again];
                await (left.Count > 0 ? Task.Delay(Retry, time, timeUp) : Task.CompletedTask);
            }
        }
        catch (Exception) when (timeUp.IsCancellationRequested)
        {
            return sessions.ByLastUse().Intersect(left).Count();
        }

        return 0;
    }

    /// <summary>Hands one session over; false where it must be tried again.</summary>
    private async Task<bool> TryAsync(SessionId session, CancellationToken timeUp)
    {
        try
        {
            if (!sessions.IsActive(session) || !await HasCacheAsync(session, timeUp))
            {
                return true;
            }

            ISessionGrain grain = grains.GetGrain<ISessionGrain>(session.Key);
            if (PlacementDecision.Choose(cluster.Nodes.Where(node => node.Node != silo.Name), null, cluster.PlacedOn) is { } target)
            {
                cluster.NotePlaced(target.Node);
                await grain.Move(target.Node, timeUp);
            }
            else
            {
                await grain.Demote(timeUp);
            }

            return true;
        }
        catch (Exception error) when (error is SessionNotFoundException or SessionClosedException or DeviceFailedException)
        {
            return true;
        }
        catch (Exception error) when (!timeUp.IsCancellationRequested)
        {
            NotYet(log, session.Key, error.Message);
            return false;
        }
    }

    private async Task<bool> HasCacheAsync(SessionId session, CancellationToken cancellationToken)
    {
        var key = new SessionKey(session.Tenant, session.Session);
        foreach (NodeDevice device in devices.All)
        {
            if (await device.Worker.DescribeAsync(key, cancellationToken) is { State: not ResidentState.Cold })
            {
                return true;
            }
        }

        return false;
    }

    private int Turns() => devices.All.Sum(device => device.Worker.Status() is { } status ? status.Running + status.Waiting : 0);

    private static async Task EndedAsync(IDeviceWorker worker)
    {
        try
        {
            await worker.DrainAsync(CancellationToken.None);
        }
        catch (Exception error) when (error is DeviceFailedException or ObjectDisposedException)
        {
            // It takes no turn and runs none: that is what was asked for.
        }
    }

    [LoggerMessage(
        EventId = 2101,
        Level = LogLevel.Information,
        Message = "{Node} drained in {Seconds:0.000} s: {Turns} turns ended, were handed over ({HandedOver}) or broken off ({BrokenOff}), {Moved} sessions moved, {Saved} saved, "
            + "{Left} left, {Uncopied} without a cold copy; {CacheBytes} bytes of caches, {WrittenBytes} written")]
    private static partial void Drained(
        ILogger log, string node, double seconds, int turns, int handedOver, int brokenOff, int moved, int saved, int left, int uncopied, long cacheBytes,
        long writtenBytes);

    [LoggerMessage(EventId = 2102, Level = LogLevel.Debug, Message = "Session {Session} is not handed over yet: {Reason}")]
    private static partial void NotYet(ILogger log, string session, string reason);
}
