using KVCluster.Engine.Conformance.Cluster;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>A grain that notes its life.</summary>
public interface ILifeGrain : IGrainWithStringKey
{
    Task<string> Activation();

    Task<SiloAddress> Silo();

    Task DeactivateSoon();

    /// <summary>Asks for deactivation, then waits at a gate.</summary>
    Task DeactivateThenWait(string gate);

    Task Delay(TimeSpan time);

    Task KeepAliveByTimer(TimeSpan period, bool keepAlive);
}

public sealed class LifeGrain(Stage stage, ILocalSiloDetails silo) : Grain, ILifeGrain
{
    private string Key => this.GetPrimaryKeyString();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        stage.Note($"{Key} activated");
        if (stage.Kept($"{Key} fails") is string message && stage.Count($"{Key} activated") == 1)
        {
            throw new InvalidOperationException(message);
        }

        if (stage.Kept($"{Key} minds its end") is string open)
        {
            cancellationToken.Register(() => throw new InvalidOperationException("It does not want to end."));
            await stage.PassAsync(open);
        }

        if (stage.Kept($"{Key} is slow") is string gate)
        {
            await stage.PassAsync(gate, cancellationToken);
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        stage.Note($"{Key} deactivated: {reason.ReasonCode}");
        return Task.CompletedTask;
    }

    public Task<string> Activation() => Task.FromResult(GrainContext.ActivationId.ToString());

    public Task<SiloAddress> Silo() => Task.FromResult(silo.SiloAddress);

    public Task DeactivateSoon()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public async Task DeactivateThenWait(string gate)
    {
        DeactivateOnIdle();
        await stage.PassAsync(gate);
        stage.Note($"{gate} passed");
    }

    public Task Delay(TimeSpan time)
    {
        DelayDeactivation(time);
        return Task.CompletedTask;
    }

    public Task KeepAliveByTimer(TimeSpan period, bool keepAlive)
    {
        this.RegisterGrainTimer(_ =>
        {
            stage.Note($"{Key} ticked");
            return Task.CompletedTask;
        }, new GrainTimerCreationOptions(period, period) { KeepAlive = keepAlive, Interleave = true });
        return Task.CompletedTask;
    }
}
