using KVCluster.Storage;
using KVCluster.Worker.Serving.Decisions;
using KVCluster.Worker.Serving.Device.Pressure;

namespace KVCluster.Worker.Serving.Device;

/// <summary>
/// The device's thread and what it owns. One loop: take what arrived, start what there is room for, run a step, a piece of a compression,
/// or else a piece of scoring; sleep when there is nothing to do.
/// </summary>
internal sealed class DeviceCore
{
    /// <summary>Calls taken between two steps at most, so that a flood of them does not stop those who decode.</summary>
    private const int CallsAtOnce = 64;

    /// <summary>Timers take no more than some weeks, and waits may be longer: to wake for nothing once a day costs nothing.</summary>
    private static readonly TimeSpan LongestSleep = TimeSpan.FromDays(1);

    private readonly DeviceParts _parts;
    private readonly StepRunner _steps;
    private readonly ITimer _timer;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<TaskCompletionSource> _drained = [];
    private bool _stopping;

    public DeviceCore(DeviceParts parts)
    {
        _parts = parts;
        DeviceWorkerOptions options = parts.Options;
        var aging = new Aging(options.Time, options.AgingInterval);
        Saver = new CacheSaver(parts);
        Room = new ArenaRoom(parts, Saver);
        Fetcher = new CacheFetcher(parts, Room);
        var attacher = new TurnAttacher(parts, Room, Fetcher);
        Board = new TurnBoard(parts, attacher, new AdmissionOrder(aging, options.Time, options.PassingTime)) { Ended = OnEnded };
        _steps = new StepRunner(parts, Board, attacher, Room, aging);
        Compressions = new CompressionJobs(parts);
        Scoring = new IdleScoring(parts);
        if (options.Pressure is { } pressure)
        {
            Pressure = new PressureControl(parts, pressure, Room);
            Room.Pressure = Pressure;
            Scoring.Made = Pressure.Ranking.Prepare;
        }

        _timer = options.Time.CreateTimer(_ => parts.Inbox.Post(() => { }), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _thread = new Thread(Loop) { IsBackground = true, Name = $"kvcluster-{options.Device}" };
    }

    public CacheSaver Saver { get; }

    public ArenaRoom Room { get; }

    public CacheFetcher Fetcher { get; }

    public TurnBoard Board { get; }

    public CompressionJobs Compressions { get; }

    public IdleScoring Scoring { get; }

    /// <summary>What is done when memory gets short; null: caches leave when a turn finds no room.</summary>
    public PressureControl? Pressure { get; }

    /// <summary>Why the device takes no more work; null while it does.</summary>
    public Exception? Failure { get; private set; }

    public bool IsDraining => Board.IsDraining;

    /// <summary>Ended when the thread has.</summary>
    public Task Ended => _ended.Task;

    public void Start() => _thread.Start();

    /// <summary>Lets the thread end once everything that arrived before has been taken.</summary>
    public void Stop() => _parts.Inbox.Post(() => _stopping = true);

    /// <summary>Ended when no turn is left.</summary>
    public Task Drain()
    {
        Board.Drain();
        if (Board.IsEmpty)
        {
            return Task.CompletedTask;
        }

        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _drained.Add(drained);
        return drained.Task;
    }

    /// <summary>Ends everything with an error: no turn hangs, no page stays. What the store still holds is dropped when it comes back.</summary>
    public void Fail(Exception error)
    {
        if (Failure is not null)
        {
            return;
        }

        Failure = error;
        Board.FailAll(error);
        Compressions.Abort(null, _ => error);
        Pressure?.Close();
        Scoring.Dispose();
        foreach (DeviceSession session in _parts.Sessions.Values)
        {
            session.IsClosed = true;
            session.Drop();
        }

        _parts.Sessions.Clear();
        ReportDrained();
    }

    /// <summary>The session at this epoch; an older caller is refused, an older turn ended.</summary>
    /// <exception cref="StaleEpochException">A later epoch was seen.</exception>
    public DeviceSession Enter(SessionKey key, long epoch)
    {
        DeviceSession session = _parts.SessionOf(key);
        if (epoch < session.Epoch)
        {
            throw new StaleEpochException(key, epoch, session.Epoch);
        }

        if (epoch > session.Epoch)
        {
            session.Epoch = epoch;
            if (session.Turn is { } older && older.Request.Epoch < epoch)
            {
                Board.Fail(older, new StaleEpochException(key, older.Request.Epoch, epoch));
            }
        }

        return session;
    }

    private void OnEnded(Turn turn)
    {
        if (Failure is null)
        {
            Scoring.Offer(turn.Session);
            Pressure?.Ended(turn);
        }

        ReportDrained();
    }

    private void ReportDrained()
    {
        if (Board.IsEmpty)
        {
            _drained.ForEach(drained => drained.TrySetResult());
            _drained.Clear();
        }
    }

    private void Loop()
    {
        while (!_stopping)
        {
            try
            {
                TakeCalls();
                if (_stopping || (Failure is null && Work()))
                {
                    continue;
                }
            }
            catch (Exception e)
            {
                // Whatever it was, the state of the device is not to be trusted any more.
                Fail(new DeviceFailedException(_parts.Options.Device, e));
            }

            _parts.Inbox.Wait();
        }

        while (_parts.Inbox.TryTake(out Action? left))
        {
            // Calls that came before the inbox was closed are told that the device is gone.
            left();
        }

        _timer.Dispose();
        _ended.SetResult();
    }

    private void TakeCalls()
    {
        for (int i = 0; i < CallsAtOnce && _parts.Inbox.TryTake(out Action? next); i++)
        {
            next();
        }
    }

    private bool Work()
    {
        _parts.Pins.Look();
        int late = _parts.StoreHealth.Late;
        Board.Admit();
        long free = _parts.FreePages;
        bool expired = Board.Expire();
        Pressure?.Check();
        bool worked = _steps.Run();
        worked |= Compressions.Step();
        worked |= Fetcher.Step();
        if (worked)
        {
            Pressure?.Check();
            return true;
        }

        // Whoever found no room a moment ago may find it now, or waited behind a turn that has been refused since, and a save that became late
        // meanwhile has no timer any more: nothing else would wake the thread for them.
        if ((Board.IsWaiting && (expired || _parts.FreePages > free)) || _parts.StoreHealth.Late != late)
        {
            return true;
        }

        worked = Scoring.Step() || TryRestore();
        if (!worked && Earliest(Board.NextExpiry(), _parts.StoreHealth.NextLate, _parts.Pins.Next, Pressure?.Restores.NextLook()) is { } next)
        {
            _timer.Change(TimeSpan.FromTicks(Math.Clamp(next.Ticks, 0, LongestSleep.Ticks)), Timeout.InfiniteTimeSpan);
        }

        return worked;
    }

    /// <summary>Begins to make a cut cache whole, where there is room and nothing else to do.</summary>
    private bool TryRestore()
    {
        if (Pressure is null || IsDraining || !Board.IsEmpty || Pressure.Restores.Next() is not { } session)
        {
            return false;
        }

        var request = new TurnRequest
        {
            Session = session.Key,
            Epoch = session.Epoch,
            History = session.Tokens.Span[..session.Cached].ToArray(),
            Prompt = ReadOnlyMemory<int>.Empty,
        };
        Board.Submit(new Turn(request, _parts.Now, restores: true) { IsAutomatic = true }, session);
        return true;
    }

    private static TimeSpan? Earliest(params ReadOnlySpan<TimeSpan?> times)
    {
        TimeSpan? first = null;
        foreach (TimeSpan? time in times)
        {
            first = first is null || time < first ? time ?? first : first;
        }

        return first;
    }
}
