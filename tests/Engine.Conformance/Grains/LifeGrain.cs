using Orleans;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>Tells a journal, named by its key up to a '|', how it begins and ends.</summary>
public interface ILifeGrain : IGrainWithStringKey
{
    Task<Guid> Activation();

    Task Leave();

    Task Stay(TimeSpan time);

    Task Hold(string gate);
}

[NamedSilo]
public sealed class LifeGrain : Grain, ILifeGrain
{
    private readonly Guid _activation = Guid.NewGuid();

    private IJournalGrain Journal => GrainFactory.GetGrain<IJournalGrain>(this.GetPrimaryKeyString().Split('|')[1]);

    public override Task OnActivateAsync(CancellationToken cancellationToken) => Journal.Add("begins");

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Journal.Add($"ends: {reason.ReasonCode}");

    public Task<Guid> Activation() => Task.FromResult(_activation);

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task Stay(TimeSpan time)
    {
        DelayDeactivation(time);
        return Task.CompletedTask;
    }

    public Task Hold(string gate) => GrainFactory.GetGrain<IGateGrain>(gate).Pass();
}

/// <summary>Fails its first activation, as its journal knows.</summary>
public interface IFragileGrain : IGrainWithStringKey
{
    Task<int> Answer();
}

public sealed class FragileGrain : Grain, IFragileGrain
{
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (await GrainFactory.GetGrain<IJournalGrain>(this.GetPrimaryKeyString()).Add("begins") == 1)
        {
            throw new KnownException("not this time", 1);
        }
    }

    public Task<int> Answer() => Task.FromResult(42);
}
