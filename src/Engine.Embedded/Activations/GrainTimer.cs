using Orleans.Runtime;

namespace KVCluster.Engine.Embedded;

/// <summary>A timer whose ticks are turns of an activation. The next tick is set when one has ended.</summary>
internal sealed class GrainTimer : IGrainTimer
{
    private const long LongestMilliseconds = 0xfffffffe;

    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly CallKind _kind;
    private readonly CancellationTokenSource _cancellation = new();
    private readonly ITimer _timer;
    private TimeSpan _dueTime = Timeout.InfiniteTimeSpan;
    private TimeSpan _period = Timeout.InfiniteTimeSpan;
    private volatile bool _changed;
    private volatile bool _firing;

    public GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        Validate(options.DueTime, options.Period);
        _activation = activation;
        _callback = callback;
        _kind = CallKind.OneWay | CallKind.LocalOnly | (options.Interleave ? CallKind.AlwaysInterleave : CallKind.None)
            | (options.KeepAlive ? CallKind.None : CallKind.NoKeepAlive);

        // Ticks begin outside of any call: they must not carry the request context of the turn that made the timer.
        using (FlowSuppression.Begin())
        {
            _timer = activation.Silo.Time.CreateTimer(
                static state => ((GrainTimer)state!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Validate(dueTime, period);
        _dueTime = dueTime;
        _period = period;
        _changed = true;
        if (!_firing)
        {
            Set(dueTime);
        }
    }

    public void Dispose()
    {
        try
        {
            _cancellation.Cancel();
        }
        catch (AggregateException exception)
        {
            // The callback's own code on the token failed: the timer and the activation end all the same.
            _activation.Silo.Log.CancellationFailed(exception, _activation);
        }

        _timer.Dispose();
        _activation.OnTimerDisposed(this);
    }

    /// <summary>Ticks no more, and tells nobody.</summary>
    public void Kill() => _timer.Dispose();

    private static void Validate(TimeSpan dueTime, TimeSpan period)
    {
        foreach (var time in (ReadOnlySpan<TimeSpan>)[dueTime, period])
        {
            ArgumentOutOfRangeException.ThrowIfLessThan((long)time.TotalMilliseconds, -1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan((long)time.TotalMilliseconds, LongestMilliseconds);
        }
    }

    private void Tick()
    {
        _firing = true;
        _activation.TryReceive(new TurnCall<NoResult>((_, _) => RunAsync(), _kind) { Target = _activation.GrainId });
    }

    private async Task RunAsync()
    {
        _changed = false;
        try
        {
            if (!_cancellation.IsCancellationRequested)
            {
                await _callback(_cancellation.Token);
            }
        }
        finally
        {
            _firing = false;
            if (!_cancellation.IsCancellationRequested)
            {
                Set(_changed ? _dueTime : _period);
            }
        }
    }

    private void Set(TimeSpan dueTime)
    {
        try
        {
            _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // Disposed at the same time: there is nothing to set.
        }
    }
}
