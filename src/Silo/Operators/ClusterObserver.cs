using KVCluster.Grains;
using KVCluster.Silo.Serving;
using Microsoft.Extensions.Logging;
using Orleans;

namespace KVCluster.Silo.Operators;

/// <summary>
/// Watches the cluster for everybody: one poll a second while somebody looks, one in ten seconds otherwise, however many look. What viewers of one
/// scope get is written once and shared.
/// </summary>
internal sealed class ClusterObserver : IAsyncDisposable
{
    private const int KeptEvents = 500;
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Unwatched = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan IndexEvery = TimeSpan.FromSeconds(5);

    private readonly ClusterPoll _poll;
    private readonly ColdUsage? _cold;
    private readonly TimeProvider _time;
    private readonly ActivityWindow _window;
    private readonly SessionBook _sessions = new();
    private readonly ClusterHistory _history = new();
    private readonly Queue<DeviceEvent> _events = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Lock _books = new();
    private readonly Task _loop;
    private TaskCompletionSource _wanted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource<ClusterTick> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ClusterTick? _tick;
    private long _indexedAt;
    private long _begunAt;
    private int _viewers;

    /// <param name="grains">The cluster's client.</param>
    /// <param name="tenants">Tenants whose sessions are listed.</param>
    /// <param name="cold">What the cold store holds; null: there is none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told what cannot be learned.</param>
    public ClusterObserver(IGrainFactory grains, Func<IReadOnlyList<string>> tenants, ColdUsage? cold, TimeProvider time, ILogger logger)
    {
        _poll = new ClusterPoll(grains, tenants, logger);
        _cold = cold;
        _time = time;
        _window = new ActivityWindow(TimeSpan.FromMinutes(1), time);
        _loop = Task.Run(LoopAsync);
    }

    /// <summary>The last poll; null before the first.</summary>
    public ClusterTick? Last => Volatile.Read(ref _tick);

    /// <summary>
    /// The state as of now: polled again where the last poll is older than <paramref name="age"/>. Requests that come while a poll runs share the next one.
    /// </summary>
    /// <param name="age">Oldest poll that will do.</param>
    /// <param name="indexAge">Oldest reading of the tenants' indexes that will do; null: any, for who does not look at sessions.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<ClusterTick> CurrentAsync(TimeSpan age, TimeSpan? indexAge, CancellationToken cancellationToken)
    {
        long arrived = _time.GetTimestamp();
        await _gate.WaitAsync(cancellationToken);
        try
        {
            bool hasIndex = indexAge is not { } oldest || (_indexedAt != 0 && (_indexedAt > arrived || _time.GetElapsedTime(_indexedAt) < oldest));
            bool isNew = _begunAt > arrived || _time.GetElapsedTime(_begunAt) < age;
            return _tick is { } tick && isNew && hasIndex ? tick : await PollAsync(!hasIndex, cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The first poll behind a number.</summary>
    public Task<ClusterTick> NextAsync(long after, CancellationToken cancellationToken)
    {
        TaskCompletionSource<ClusterTick> next = Volatile.Read(ref _next);
        ClusterTick? tick = Last;
        return tick is not null && tick.Snapshot.Number > after ? Task.FromResult(tick) : next.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Somebody looks until it is disposed.</summary>
    public IDisposable Watch()
    {
        Interlocked.Increment(ref _viewers);
        Telemetry.GatewayMetrics.Viewing(1);
        Volatile.Read(ref _wanted).TrySetResult();
        return new Viewer(this);
    }

    /// <summary>All that a viewer needs to begin: history, all sessions, events kept; as of the last poll, whose number is with it.</summary>
    public (long Number, byte[] Text) Beginning(ViewScope scope)
    {
        lock (_books)
        {
            ClusterTick tick = _tick!;
            return (tick.Snapshot.Number, tick.Beginning(scope, () => SnapshotWriter.Beginning(tick.Snapshot, _history.All, _sessions.Rows.Values, _events, scope)));
        }
    }

    /// <summary>Sessions that a scope sees.</summary>
    public IReadOnlyList<SessionRow> Sessions(ViewScope scope)
    {
        lock (_books)
        {
            return [.. _sessions.Rows.Values.Where(row => scope.Sees(row.Tenant))];
        }
    }

    /// <summary>Events kept, oldest first.</summary>
    public IReadOnlyList<DeviceEvent> Events()
    {
        lock (_books)
        {
            return [.. _events];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await ((Task)_loop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _next.TrySetCanceled();
        _stop.Dispose();
        _gate.Dispose();
    }

    private async Task LoopAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            bool watched = Volatile.Read(ref _viewers) > 0;
            await CurrentAsync(Watched / 2, watched ? IndexEvery : null, _stop.Token);
            if (watched)
            {
                await Task.Delay(Watched, _time, _stop.Token);
                continue;
            }

            await Task.WhenAny(Volatile.Read(ref _wanted).Task, Task.Delay(Unwatched, _time, _stop.Token));
            _stop.Token.ThrowIfCancellationRequested();
            Volatile.Write(ref _wanted, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
    }

    private async Task<ClusterTick> PollAsync(bool withIndex, CancellationToken cancellationToken)
    {
        _begunAt = _time.GetTimestamp();
        _poll.Faults.Clear();
        IReadOnlyList<NodeObservation> nodes = await _poll.NodesAsync(cancellationToken);
        IReadOnlyList<NodeView> views = await Task.WhenAll(nodes.Select(node => ViewAsync(node, cancellationToken)));
        ColdObservation? cold = _cold is null ? null : await _cold.ReadAsync(cancellationToken);
        AllocatorReport? allocator = await _poll.AllocatorAsync(cancellationToken);
        IReadOnlyList<(string Tenant, List<SessionSummary> Sessions)>? indexes = null;
        if (withIndex)
        {
            long begun = _time.GetTimestamp() | 1;
            indexes = await _poll.IndexesAsync(cancellationToken);
            _indexedAt = begun;
        }

        lock (_books)
        {
            ClusterTick tick = Tick(nodes, views, cold, allocator, indexes);
            TaskCompletionSource<ClusterTick> reached = _next;
            Volatile.Write(ref _next, new TaskCompletionSource<ClusterTick>(TaskCreationOptions.RunContinuationsAsynchronously));
            Volatile.Write(ref _tick, tick);
            reached.TrySetResult(tick);
            return tick;
        }
    }

    private ClusterTick Tick(
        IReadOnlyList<NodeObservation> nodes,
        IReadOnlyList<NodeView> views,
        ColdObservation? cold,
        AllocatorReport? allocator,
        IReadOnlyList<(string Tenant, List<SessionSummary> Sessions)>? indexes)
    {
        foreach ((string tenant, List<SessionSummary> sessions) in indexes ?? [])
        {
            _sessions.Index(tenant, sessions);
        }

        var live = new HashSet<string>(StringComparer.Ordinal);
        var activity = new Dictionary<string, ActivityReport>(StringComparer.Ordinal);
        foreach ((string node, DeviceObservation device) in nodes.SelectMany(n => n.Devices.Select(d => (n.Node, d))))
        {
            string name = $"{node}/{device.Report.Device}";
            live.Add(name);
            _sessions.Device(node, device);
            if (device.Activity is { } counts)
            {
                activity[name] = counts;
            }
        }

        _sessions.KeepDevices(live);
        (IReadOnlyList<SessionRow> changed, IReadOnlyList<(string Key, string Tenant)> gone) = _sessions.TakeChanges();
        ClusterSnapshot snapshot = SnapshotOf(views, cold, allocator, _window.Add(activity));
        _history.Add(snapshot);
        return new ClusterTick(snapshot, changed, gone);
    }

    private ClusterSnapshot SnapshotOf(IReadOnlyList<NodeView> views, ColdObservation? cold, AllocatorReport? allocator, ActivityView activity)
    {
        DeviceEvent[] events = [.. views.SelectMany(n => n.Devices.SelectMany(d => (d.Pressure?.Events ?? [])
            .Select(e => new DeviceEvent(n.Name, d.Observed.Report.Device, e)))).OrderBy(e => e.Event.At)];
        foreach (DeviceEvent happened in events)
        {
            _events.Enqueue(happened);
        }

        while (_events.Count > KeptEvents)
        {
            _events.Dequeue();
        }

        return new ClusterSnapshot
        {
            Number = (_tick?.Snapshot.Number ?? 0) + 1,
            At = _time.GetUtcNow(),
            Nodes = views,
            Cold = cold is null ? [] : [cold],
            Activity = activity,
            Allocator = allocator,
            Events = events,
            Sessions = new SessionCounts(
                _sessions.Rows.Count, views.Sum(n => n.Devices.Sum(d => d.Observed.Report.Resident)), views.Sum(n => n.Devices.Sum(d => d.Observed.Report.Running))),
            Faults = [.. _poll.Faults],
        };
    }

    private async Task<NodeView> ViewAsync(NodeObservation node, CancellationToken cancellationToken)
    {
        DeviceView[] devices = await Task.WhenAll(node.Devices.Select(
            async d => new DeviceView(d with { Sessions = [], Gone = [] }, await _poll.PressureAsync(node.Node, d.Report.Device, cancellationToken))));
        return new NodeView(node.Node, devices);
    }

    private sealed class Viewer(ClusterObserver observer) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                Interlocked.Decrement(ref observer._viewers);
                Telemetry.GatewayMetrics.Viewing(-1);
            }
        }
    }
}
