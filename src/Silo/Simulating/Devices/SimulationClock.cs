namespace KVCluster.Silo.Simulating;

/// <summary>
/// A clock that stands still until it is told to go to the next thing planned: timers fire one at a time, by time and then in the order in
/// which they were set, on the thread that calls <see cref="FireNext"/>.
/// </summary>
internal sealed class SimulationClock : TimeProvider
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly Lock _gate = new();
    private readonly PriorityQueue<(SimulatedTimer Timer, long Setting), (long Due, long Setting)> _timers = new();
    private long _settings;
    private long _now;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Seconds since the start.</summary>
    public double Seconds => (double)GetTimestamp() / TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override long GetTimestamp() => Volatile.Read(ref _now);

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => s_start.AddTicks(GetTimestamp());

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new SimulatedTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Plans something, once; the past is this instant.</summary>
    public void After(double seconds, Action action) => CreateTimer(
        static state => ((Action)state!)(), action, TimeSpan.FromSeconds(Math.Max(0, seconds)), Timeout.InfiniteTimeSpan);

    /// <summary>When the next timer is due, in seconds since the start; null where none is set.</summary>
    public double? NextDue
    {
        get
        {
            lock (_gate)
            {
                return TryPeek(out long due) ? (double)due / TimeSpan.TicksPerSecond : null;
            }
        }
    }

    /// <summary>Goes to the next timer's time and fires it; false where none is set.</summary>
    public bool FireNext()
    {
        SimulatedTimer timer;
        lock (_gate)
        {
            if (!TryPeek(out long due))
            {
                return false;
            }

            timer = _timers.Dequeue().Timer;
            Volatile.Write(ref _now, Math.Max(_now, due));
            timer.Fired();
        }

        timer.Run();
        return true;
    }

    private void Set(SimulatedTimer timer, TimeSpan dueTime)
    {
        timer.Setting = ++_settings;
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            _timers.Enqueue((timer, timer.Setting), (_now + Math.Max(0, dueTime.Ticks), timer.Setting));
        }
    }

    // What was set anew or disposed of since is left in the queue until its time.
    private bool TryPeek(out long due)
    {
        while (_timers.TryPeek(out (SimulatedTimer Timer, long Setting) next, out (long Due, long Setting) at))
        {
            if (next.Timer.Setting == next.Setting)
            {
                due = at.Due;
                return true;
            }

            _timers.Dequeue();
        }

        due = 0;
        return false;
    }

    private sealed class SimulatedTimer(SimulationClock clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        /// <summary>The setting that holds.</summary>
        public long Setting { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                _period = period;
                clock.Set(this, dueTime);
            }

            return true;
        }

        public void Fired() => clock.Set(this, _period == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : _period);

        public void Run() => callback(state);

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
