using KVCluster.Inference.Kv;
using KVCluster.Worker.Serving.Decisions;
using KVCluster.Worker.Serving.Telemetry;

namespace KVCluster.Worker.Serving.Device;

/// <summary>The device's turns, waiting and running: how they come, start, end, fail, and are put back.</summary>
internal sealed partial class TurnBoard(DeviceParts parts, TurnAttacher attacher, AdmissionOrder order)
{
    private readonly List<Turn> _waiting = [];
    private readonly List<Turn> _running = [];
    private long _ends;

    /// <summary>Running turns, served longest ago first.</summary>
    public List<Turn> Running => _running;

    /// <summary>Whether any turn is there.</summary>
    public bool IsEmpty => _waiting.Count + _running.Count == 0;

    /// <summary>Whether any turn waits.</summary>
    public bool IsWaiting => _waiting.Count > 0;

    /// <summary>Whether a cache is being looked for or loaded, which holds memory.</summary>
    public bool IsFetching => _waiting.Exists(turn => turn.Session.Fetch is not null);

    /// <summary>Whether new turns are refused.</summary>
    public bool IsDraining { get; private set; }

    /// <summary>Told of each turn that ended, made or not.</summary>
    public Action<Turn> Ended { get; set; } = _ => { };

    /// <summary>Takes a turn in.</summary>
    /// <exception cref="TurnInProgressException">The session has one.</exception>
    /// <exception cref="DeviceBusyException">The queue is full, or the device drains.</exception>
    public void Submit(Turn turn, DeviceSession session)
    {
        if (session.Turn is { IsAutomatic: true } automatic)
        {
            Fail(automatic, new OperationCanceledException($"session {session.Key} has a turn"));
        }

        if (session.Turn is not null)
        {
            throw new TurnInProgressException(session.Key);
        }

        if (IsDraining)
        {
            Refused(turn, TurnEnding.RefusedDraining);
            throw new DeviceBusyException($"device {parts.Options.Device} takes no more turns: it is being drained", RetryEstimate.Least);
        }

        if (_waiting.Count >= parts.Options.MaxWaitingTurns)
        {
            Refused(turn, TurnEnding.RefusedQueueFull);
            Refuse(turn, session, $"device {parts.Options.Device}: {_waiting.Count} turns are waiting already");
        }

        int most = parts.Options.MaxWaitingTurnsPerTenant ?? int.MaxValue;
        string tenant = session.Key.Tenant;
        if (_waiting.Count >= most && _waiting.Count(waiting => waiting.Session.Key.Tenant == tenant) >= most)
        {
            Refused(turn, TurnEnding.RefusedQueueFull);
            Refuse(turn, session, $"device {parts.Options.Device}: {most} turns of tenant {tenant} are waiting already");
        }

        if (!turn.Restores)
        {
            session.Uses.Begin(parts.Options.Time, turn.ArrivedAt);
            session.Priority = turn.Request.Priority;
        }

        if (session.LastUsed != default)
        {
            WorkerMetrics.Reused(parts.Labels, Math.Max(0, (parts.Options.Time.GetUtcNow() - session.LastUsed).TotalSeconds));
        }

        if (!turn.IsAutomatic)
        {
            EndAutomatic();
        }

        turn.Session = session;
        turn.BytesBefore = session.Cache?.Bytes ?? 0;
        session.Turn = turn;
        session.IsLeaving = false;
        session.IsToBeCut = false;
        _waiting.Add(turn);
        Count();
    }

    /// <summary>The history is in the cache.</summary>
    public void CompleteAttach(Turn turn)
    {
        turn.IsAttached = true;
        turn.Attach = turn.Attach! with { Seconds = turn.HistoryTokens == 0 ? 0 : parts.Seconds(turn.AttachSince, parts.Now) };
        parts.Activity.Attached(turn.Attach);
        WorkerMetrics.Attached(parts.Labels, turn.Attach);
    }

    /// <summary>Ends a turn that is made.</summary>
    public void Finish(Turn turn)
    {
        DeviceSession session = turn.Session;
        Release(turn);
        session.Tokens.Trim();
        long now = parts.Now;
        double answer = turn.AnswerSince == 0 ? 0 : parts.Seconds(turn.AnswerSince, now);
        var made = new TurnEnd
        {
            Completion = turn.WantsAnswer ? (turn.Answer ?? turn.BeginAnswer(parts.Model)).Complete(answer) : null,
            Attach = turn.Attach ?? new AttachReport { Source = AttachSource.New, CachedTokens = 0, RecomputedTokens = 0, Miss = turn.Miss },
            Compressions = session.Compressions,
            CacheBytes = session.Cache?.Bytes ?? 0,
            QueueSeconds = turn.StartedAt == 0 ? parts.Seconds(turn.ArrivedAt, now) : parts.Seconds(turn.ArrivedAt, turn.StartedAt),
            FirstTokenSeconds = turn.FirstTokenAt == 0 ? 0 : parts.Seconds(turn.ArrivedAt, turn.FirstTokenAt),
            Seconds = parts.Seconds(turn.ArrivedAt, now),
        };
        if (made.Completion is { } answered)
        {
            parts.Answers.Ended(answered.Tokens.Count);
        }

        parts.Activity.Made(made);
        WorkerMetrics.Made(parts.Labels, made);
        WorkerTrace.End(turn, parts, null);
        turn.Emit(made);
        turn.Complete(null);
        Ended(turn);
    }

    /// <summary>Ends a turn that never was: the cache goes back to the history before it.</summary>
    public void Fail(Turn turn, Exception error)
    {
        if (turn.IsOver)
        {
            return;
        }

        DeviceSession session = turn.Session;
        bool ran = turn.IsRunning;
        Release(turn);
        if (ran)
        {
            session.Cut(session.Cuttable(Math.Min(session.Cached, turn.HistoryTokens)));
            session.Tokens.Truncate(session.Cached);
            session.Tokens.Trim();
        }

        if (session.Cached == 0)
        {
            session.Drop();
        }

        parts.Activity.Ended(OutcomeOf(error));
        WorkerTrace.End(turn, parts, error);
        turn.Complete(error);
        Ended(turn);
    }

    /// <summary>
    /// Takes the cache of the turn that waits and came last, for the sake of those that run and are cut as far as they can be; it is had again
    /// in its turn. False where none has any, or running turns are not cut.
    /// </summary>
    public bool TakeFromWaiting()
    {
        Turn? last = Cuts
            ? _waiting.FindLast(turn => turn.Session is { Cache: not null, Fetch: null, Compressing: 0 } session && !parts.IsPinned(session))
            : null;
        last?.Session.Drop();
        return last is not null;
    }

    /// <summary>
    /// Takes the memory of a turn that cannot go on for want of it, or of another for its sake: the one of lowest priority that came last
    /// waits again, to be computed from its tokens. False where no turn can be put back.
    /// </summary>
    public bool PutBack()
    {
        Turn? last = null;
        foreach (Turn turn in _running)
        {
            bool later = last is null || turn.Request.Priority < last.Request.Priority
                || (turn.Request.Priority == last.Request.Priority && turn.ArrivedAt > last.ArrivedAt);
            last = later && IsComputable(turn) ? turn : last;
        }

        if (last is null || _running.Count < 2)
        {
            return false;
        }

        KvCache cache = last.Session.Cache!;
        cache.Unpin();
        last.Session.Drop();
        last.Forward = null;
        last.WasPutBack = true;
        last.PutBackAt = _ends;
        parts.Activity.PutBack();
        _running.Remove(last);
        _waiting.Add(last);
        _waiting.Sort((a, b) => a.ArrivedAt.CompareTo(b.ArrivedAt));
        Count();
        return true;
    }

    /// <summary>From here on new turns are refused, and those that wait with them.</summary>
    public void Drain()
    {
        IsDraining = true;
        foreach (Turn turn in _waiting.Where(turn => !turn.WasPutBack).ToArray())
        {
            Fail(turn, new DeviceBusyException($"device {parts.Options.Device} takes no more turns: it is being drained", RetryEstimate.Least));
        }
    }

    /// <summary>Ends every turn, also where the device's state is broken.</summary>
    public void FailAll(Exception error)
    {
        foreach (Turn turn in _waiting.Concat(_running).ToArray())
        {
            try
            {
                Fail(turn, error);
            }
            catch (InvalidOperationException)
            {
                turn.Complete(error);
            }
        }
    }

    /// <summary>Whether running turns are cut when they need more memory than there is.</summary>
    private bool Cuts => parts.Options.Pressure is { Compress: true };

    /// <summary>Whether the whole sequence, exact, fits an arena without anybody else, or is cut as it is computed again.</summary>
    private bool IsComputable(Turn turn) => Cuts
        || (turn.Session.Cache!.IsExact && KvCapacity.PagesFor(parts.Geometry, turn.Sequence.Count + 1) <= parts.TotalPages);

    /// <summary>Takes a turn off its list and off its cache.</summary>
    private void Release(Turn turn)
    {
        DeviceSession session = turn.Session;
        if (turn.IsRunning)
        {
            _ends++;
            session.Cache!.Unpin();
            _running.Remove(turn);
        }
        else
        {
            _waiting.Remove(turn);
        }

        session.Cache?.ReleaseReservation();
        turn.Forward = null;
        session.Turn = null;
        parts.Touch(session);
        Count();
    }

    private void Count()
    {
        parts.Counts.Running = _running.Count;
        parts.Counts.Waiting = _waiting.Count;
        parts.Counts.WaitingBytes = _waiting.Sum(turn => turn.NeededBytes);
    }
}
