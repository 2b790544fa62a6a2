using KVCluster.Compression.Pressure.Leases;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace KVCluster.Grains;

/// <summary>
/// Tells the allocator of this node's memory, again and again, and does what it answers: the lease goes to the devices, sessions that should
/// move are moved. Devices act by themselves meanwhile: while the allocator is gone they keep to the last lease.
/// </summary>
public sealed partial class MemoryBalancer : BackgroundService
{
    private readonly ILocalSiloDetails _silo;
    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;
    private readonly ILogger<MemoryBalancer> _log;
    private readonly TimeSpan _period;
    private readonly NodeMemory _memory;
    private readonly SessionMover _mover;
    private readonly bool _hasDevices;
    private readonly Lock _gate = new();
    private readonly long _start;
    private HeldLease _lease;
    private Dictionary<string, TenantGrant> _tenants = new(StringComparer.Ordinal);
    private Task _moving = Task.CompletedTask;

    /// <summary>Made by the silo's services.</summary>
    public MemoryBalancer(
        INodeDevices devices,
        ITenantTerms terms,
        ClusterView cluster,
        ILocalSiloDetails silo,
        IGrainFactory grains,
        IOptions<GrainOptions> options,
        TimeProvider time,
        ILogger<MemoryBalancer> log)
    {
        ArgumentNullException.ThrowIfNull(devices);
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        (_silo, _grains, _time, _log) = (silo, grains, time, log);
        _period = options.Value.BalancePeriod;
        IDeviceWorker[] watched = [.. devices.All.Select(device => device.Worker).Where(worker => worker.Pressure is not null)];
        _hasDevices = watched.Length > 0;
        _memory = new NodeMemory(watched, terms);
        _mover = new SessionMover(cluster, grains, log);
        _start = time.GetTimestamp();
        _lease = new HeldLease(silo.Name, watched.Sum(worker => worker.Status().Ledger.TotalBytes));
    }

    /// <summary>Whether the latest lease still holds; the node keeps to it in any case.</summary>
    public bool HasLiveLease
    {
        get
        {
            lock (_gate)
            {
                return _lease.IsLive(Now);
            }
        }
    }

    /// <summary>Sessions that moved away by the allocator's orders.</summary>
    public long MovedSessions => _mover.Moved;

    /// <summary>The moves under way; ended when there are none.</summary>
    public Task Moving => _moving;

    private TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>One report, and what it was answered.</summary>
    public async Task BalanceAsync(CancellationToken cancellationToken)
    {
        if (!_hasDevices)
        {
            return;
        }

        Apply(null);
        (MemoryReport report, List<MovableSession> movable) = await _memory.MeasureAsync(_silo.Name, LastRound(), cancellationToken);
        LeaseGrant grant = await _grains.GetGrain<IAllocatorGrain>(0).Report(report, cancellationToken);
        Apply(grant);
        if (grant.Moves.Length > 0 && _moving.IsCompleted)
        {
            _moving = _mover.MoveAsync(grant.Moves, movable, cancellationToken);
        }
    }

    /// <summary>Takes a grant in; one of an earlier round than was seen is late and changes nothing.</summary>
    internal void Apply(LeaseGrant? grant)
    {
        lock (_gate)
        {
            if (grant is not null)
            {
                HeldLease accepted = _lease.Accept(LeaseOf(grant), Now);
                if (ReferenceEquals(accepted, _lease))
                {
                    return;
                }

                (_lease, _tenants) = (accepted, grant.Tenants);
            }

            _memory.Apply(_lease, _tenants);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_period, _time);
        try
        {
            do
            {
                try
                {
                    await BalanceAsync(stoppingToken);
                }
                catch (Exception error) when (!stoppingToken.IsCancellationRequested)
                {
                    NotBalanced(_log, error);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private static ByteLease LeaseOf(LeaseGrant grant) => new()
    {
        Node = grant.Node,
        Round = grant.Round,
        Bytes = grant.Bytes,
        Duration = grant.Duration,
        Tenants = grant.Tenants.ToDictionary(
            t => t.Key, t => new TenantLease(t.Value.EntitledBytes, t.Value.GuaranteedBytes), StringComparer.Ordinal),
    };

    private long LastRound()
    {
        lock (_gate)
        {
            return _lease.Last?.Round ?? 0;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The allocator was not told of this node's memory; its last lease stays in force")]
    private static partial void NotBalanced(ILogger log, Exception error);
}
