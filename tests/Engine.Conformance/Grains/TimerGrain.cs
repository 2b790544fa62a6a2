using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>A grain with one timer.</summary>
public interface ITimerGrain : IGrainWithStringKey
{
    Task Start(TimeSpan due, TimeSpan period, bool interleave, bool keepAlive);

    Task Change(TimeSpan due, TimeSpan period);

    Task Stop();

    Task Leave();

    /// <summary>Waits at a gate within a turn.</summary>
    Task Hold(string gate);

    [AlwaysInterleave]
    Task<int> Ticks();

    [AlwaysInterleave]
    Task<int> TicksWhileHeld();

    Task<Guid> Activation();
}

public sealed class TimerGrain : Grain, ITimerGrain
{
    private readonly Guid _activation = Guid.NewGuid();
    private IGrainTimer? _timer;
    private bool _isHeld;
    private int _ticks;
    private int _ticksWhileHeld;

    public Task Start(TimeSpan due, TimeSpan period, bool interleave, bool keepAlive)
    {
        _timer = this.RegisterGrainTimer(Tick, new GrainTimerCreationOptions(due, period) { Interleave = interleave, KeepAlive = keepAlive });
        return Task.CompletedTask;
    }

    public Task Change(TimeSpan due, TimeSpan period)
    {
        _timer!.Change(due, period);
        return Task.CompletedTask;
    }

    public Task Stop()
    {
        _timer!.Dispose();
        return Task.CompletedTask;
    }

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public async Task Hold(string gate)
    {
        _isHeld = true;
        await GrainFactory.GetGrain<IGateGrain>(gate).Pass();
        _isHeld = false;
    }

    public Task<int> Ticks() => Task.FromResult(_ticks);

    public Task<int> TicksWhileHeld() => Task.FromResult(_ticksWhileHeld);

    public Task<Guid> Activation() => Task.FromResult(_activation);

    private Task Tick(CancellationToken cancellationToken)
    {
        _ticks++;
        _ticksWhileHeld += _isHeld ? 1 : 0;
        return Task.CompletedTask;
    }
}
