using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>The turns of an activation: one at a time, in the order of arrival, except where calls may interleave.</summary>
internal sealed partial class Activation
{
    private const int PiecesBetweenLooksAtTheClock = 16;
    private const long LongestRunMilliseconds = 50;

    // What guards this activation too: there are many, and a lock of its own takes more than any other part of an idle one.
    private readonly CallQueue _waiting = new();
    private readonly List<GrainCall> _running = new(1);
    private Queue<Task>? _tasks;
    private Dictionary<Guid, int>? _reentrantSections;

    // The call that keeps others from beginning: the first of those that run and do not interleave.
    private GrainCall? _blocking;
    private bool _scheduled;
    private long _lastUse;

    /// <summary>How many calls run or wait; read without the lock, so that one that arrives or ends at this moment may be missed.</summary>
    public int CallCount => _running.Count + _waiting.Count;

    /// <summary>Takes a call; false when the activation has ended.</summary>
    public bool TryReceive(GrainCall call)
    {
        lock (_waiting)
        {
            if (_state is ActivationState.Invalid)
            {
                return false;
            }

            call.Receiver = this;
            _waiting.Add(call);
            WakeWhenAdmissible(call);
            return true;
        }
    }

    /// <summary>Takes a continuation or another task of this activation's code.</summary>
    public void Queue(Task task)
    {
        lock (_waiting)
        {
            if (!Silo.IsDead)
            {
                (_tasks ??= new Queue<Task>()).Enqueue(task);
                Wake();
            }
        }
    }

    /// <summary>Runs code in a turn, between others, whatever runs.</summary>
    public Task RunInTurn(Action<object?> code, object? state)
        => Task.Factory.StartNew(code, state, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler);

    /// <summary>Works off what there is. Runs on one thread at a time, within this activation's scheduler.</summary>
    public void RunWork()
    {
        var began = Environment.TickCount64;
        for (var pieces = 1; ; pieces++)
        {
            Task? task;
            GrainCall? call = null;
            Func<Task>? operation = null;
            lock (_waiting)
            {
                if (Silo.IsDead || (!TryTakeTask(out task) && !TryTakeOperation(out operation) && !TryAdmit(out call)))
                {
                    _scheduled = false;
                    Silo.Cluster.EndWork();
                    return;
                }
            }

            if (task is not null)
            {
                _scheduler.Run(task);
            }
            else if (operation is not null)
            {
                // It logs its errors; async, so that it leaves no trace in this thread's execution context.
                _ = RunOperationAsync(operation);
            }
            else
            {
                Begin(call!);
            }

            if (pieces % PiecesBetweenLooksAtTheClock == 0 && Environment.TickCount64 - began > LongestRunMilliseconds)
            {
                // Others wait for the thread. The flag stays set: this activation is queued, behind them.
                ThreadPool.UnsafeQueueUserWorkItem(_scheduler, preferLocal: false);
                return;
            }
        }
    }

    public void OnCallEnded(GrainCall call)
    {
        lock (_waiting)
        {
            _running.Remove(call);
            if (!call.Is(CallKind.NoKeepAlive))
            {
                _lastUse = Silo.Time.GetTimestamp();
            }

            // No successor is looked for among those that run: they do not block, as in Orleans.
            if (ReferenceEquals(_blocking, call))
            {
                _blocking = null;
            }

            if (_waiting.Count > 0 || _operation is not null)
            {
                Wake();
            }
        }
    }

    /// <summary>The caller no longer waits: a call that has not begun is dropped, one that runs may be told.</summary>
    public void Withdraw(GrainCall call, bool cancel)
    {
        bool dropped;
        lock (_waiting)
        {
            dropped = _waiting.Remove(call);
        }

        if (dropped)
        {
            call.End();
        }
        else if (cancel && call.Cancellation is { } source && !Silo.IsDead)
        {
            // The grain's own callbacks on the token run in a turn of its own.
            RunInTurn(static source => ((CancellationTokenSource)source!).Cancel(), source);
        }
    }

    /// <summary>Ends the calls whose callers have waited long enough.</summary>
    public void ExpireCalls(long now)
    {
        // Read without the lock: a call that just arrives has not expired.
        if (_waiting.Count == 0 && _running.Count == 0)
        {
            return;
        }

        GrainCall[] expired;
        lock (_waiting)
        {
            expired = [.. _waiting.Concat(_running).Where(call => call.Deadline <= now && !call.IsCompleted)];
        }

        Array.ForEach(expired, call => call.OnTimeout());
    }

    public void EnterReentrantSection(Guid id)
    {
        lock (_waiting)
        {
            _reentrantSections ??= [];
            _reentrantSections[id] = _reentrantSections.GetValueOrDefault(id) + 1;
        }
    }

    public void LeaveReentrantSection(Guid id)
    {
        lock (_waiting)
        {
            if (_reentrantSections is not null && _reentrantSections.TryGetValue(id, out var count))
            {
                if (count > 1)
                {
                    _reentrantSections[id] = count - 1;
                }
                else
                {
                    _reentrantSections.Remove(id);
                }
            }
        }
    }

    private bool TryTakeTask(out Task? task)
    {
        task = null;
        return _tasks?.TryDequeue(out task) ?? false;
    }

    /// <summary>Gives back what the last calls needed.</summary>
    private void TrimQueues()
    {
        _waiting.Trim();
        _running.Capacity = 0;
        _tasks = _tasks is { Count: > 0 } ? _tasks : null;
    }

    private void Begin(GrainCall call)
    {
        if (call.IsAbandoned)
        {
            call.End();
            OnCallEnded(call);
        }
        else
        {
            // An error of the call is in its answer; the task has none.
            _ = call.RunAsync(this);
        }
    }

    private void WakeWhenAdmissible(GrainCall call)
    {
        // What has to wait for the blocking call is found when that one ends.
        if (_blocking is null || Class.MayInterleave is not null || CallQueue.MayOvertake(call))
        {
            Wake();
        }
    }

    private void Wake()
    {
        if (!_scheduled)
        {
            _scheduled = true;
            Silo.Cluster.BeginWork();
            ThreadPool.UnsafeQueueUserWorkItem(_scheduler, preferLocal: false);
        }
    }

    private bool TryAdmit(out GrainCall? call)
    {
        call = null;
        if (_waiting.Count == 0)
        {
            return false;
        }

        if (_state is not ActivationState.Valid)
        {
            // Timers tick on beside the turns that an ending activation lets end.
            call = _state is ActivationState.Deactivating && _running.Count > 0
                ? _waiting.TakeFirst(waiting => waiting.Is(CallKind.LocalOnly) && (_blocking is null || MayInterleave(waiting))) : null;
        }
        else if (_running.Count == 0 || _blocking is null)
        {
            call = _waiting.TakeFirst();
        }
        else if (Class.MayInterleave is not null || _waiting.AnyMayOvertake)
        {
            call = _waiting.TakeFirst(MayInterleave);
        }

        if (call is null)
        {
            return false;
        }

        _running.Add(call);
        if (_blocking is null && !call.Is(CallKind.AlwaysInterleave))
        {
            _blocking = call;
        }

        return true;
    }

    private bool MayInterleave(GrainCall call)
    {
        if (call.Is(CallKind.AlwaysInterleave) || (call.Is(CallKind.ReadOnly) && _blocking!.Is(CallKind.ReadOnly)))
        {
            return true;
        }

        if (_reentrantSections is { Count: > 0 } sections && sections.ContainsKey(RequestContext.ReentrancyIdOf(call.Context)))
        {
            return true;
        }

        try
        {
            return Class.MayInterleave is { } predicate && (predicate(GrainInstance!, call) || predicate(GrainInstance!, _blocking!));
        }
        catch (Exception exception)
        {
            // It leaves the queue without running.
            call.Reject(exception);
            return true;
        }
    }
}
