using KVCluster.Engine.Conformance.Cluster;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>A grain with a timer.</summary>
public interface ITimerGrain : IGrainWithStringKey
{
    Task Start(TimeSpan due, TimeSpan period, bool interleave);

    /// <summary>Starts a timer whose calls wait at the gate "tick".</summary>
    Task StartSlow(TimeSpan due, TimeSpan period);

    Task Change(TimeSpan due, TimeSpan period);

    Task Stop();

    Task Hold(string gate);

    Task StartFailing(TimeSpan due, TimeSpan period);

    /// <summary>Starts a timer whose first call leaves code on its token that fails.</summary>
    Task StartWithFailingToken(TimeSpan due, TimeSpan period);

    /// <summary>Waits at a gate, then changes the timer within the same turn.</summary>
    Task HoldThenChange(string gate, TimeSpan due, TimeSpan period);

    Task Deactivate();

    Task<string> Activation();
}

public sealed class TimerGrain(Stage stage) : Grain, ITimerGrain
{
    private IGrainTimer? _timer;

    public Task Start(TimeSpan due, TimeSpan period, bool interleave)
    {
        RequestContext.Set("started by", "the case");
        _timer = this.RegisterGrainTimer(_ =>
        {
            stage.Note("tick");
            stage.Note($"context {RequestContext.Get("started by") ?? "empty"}");
            return Task.CompletedTask;
        }, new GrainTimerCreationOptions { DueTime = due, Period = period, Interleave = interleave });
        return Task.CompletedTask;
    }

    public Task StartSlow(TimeSpan due, TimeSpan period)
    {
        _timer = this.RegisterGrainTimer(async (name, token) =>
        {
            try
            {
                await stage.PassAsync(name, token);
                stage.Note("tick ended");
            }
            catch (OperationCanceledException)
            {
                stage.Note("tick cancelled");
            }
        }, "tick", new GrainTimerCreationOptions(due, period) { Interleave = true });
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

    public Task Hold(string gate) => stage.PassAsync(gate);

    public Task StartFailing(TimeSpan due, TimeSpan period)
    {
        _timer = this.RegisterGrainTimer(() =>
        {
            stage.Note("failing tick");
            throw new InvalidOperationException("The tick failed.");
        }, new GrainTimerCreationOptions(due, period));
        return Task.CompletedTask;
    }

    public Task StartWithFailingToken(TimeSpan due, TimeSpan period)
    {
        _timer = this.RegisterGrainTimer(token =>
        {
            token.Register(() => throw new InvalidOperationException("It does not want to end."));
            stage.Note("token taken");
            return Task.CompletedTask;
        }, new GrainTimerCreationOptions(due, period));
        return Task.CompletedTask;
    }

    public async Task HoldThenChange(string gate, TimeSpan due, TimeSpan period)
    {
        await stage.PassAsync(gate);
        _timer!.Change(due, period);
    }

    public Task Deactivate()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task<string> Activation() => Task.FromResult(GrainContext.ActivationId.ToString());
}
