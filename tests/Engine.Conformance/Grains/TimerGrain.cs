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
}
