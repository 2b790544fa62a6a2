namespace KVCluster.Grains.Tests;

/// <summary>A monotonic clock that moves only when told to, with its timers, and a date that may jump either way.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private long _ticks;
    private int _undisposed;
    private DateTimeOffset _date = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Timers made and not disposed of, set or not.</summary>
    public int Timers => Volatile.Read(ref _undisposed);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _date;
        }
    }

    /// <summary>Moves the clock; timers that come due run, in their order, before this returns.</summary>
    public void Advance(TimeSpan by)
    {
        long end = GetTimestamp() + by.Ticks;
        while (NextDue(end) is { } timer)
        {
            timer.Fire();
        }

        MoveTo(end);
    }

    public void SetDate(DateTimeOffset date)
    {
        lock (_gate)
        {
            _date = date;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        Interlocked.Increment(ref _undisposed);
        return timer;
    }

    private ManualTimer? NextDue(long end)
    {
        ManualTimer? next;
        lock (_gate)
        {
            next = _timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due);
        }

        if (next is not null)
        {
            MoveTo(Math.Max(next.Due, GetTimestamp()));
        }

        return next;
    }

    private void MoveTo(long ticks)
    {
        lock (_gate)
        {
            _date += TimeSpan.FromTicks(ticks - Interlocked.Exchange(ref _ticks, ticks));
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;
        private int _disposed;

        public long Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                time._timers.Remove(this);
                _period = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = time._ticks + dueTime.Ticks;
                    time._timers.Add(this);
                }
            }

            return true;
        }

        public void Fire()
        {
            Change(_period == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : _period, _period);
            callback(state);
        }

        public void Dispose()
        {
            Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                Interlocked.Decrement(ref time._undisposed);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
