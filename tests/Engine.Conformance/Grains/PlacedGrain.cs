using KVCluster.Engine.Conformance.Cluster;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>Tells where it is, and moves.</summary>
public interface IPlacedGrain : IGrainWithStringKey
{
    Task<SiloAddress> Silo();

    Task<string> Activation();

    /// <summary>The silo of a grain that is placed near its caller, called from this one.</summary>
    Task<SiloAddress> SiloOfNeighbour(string key);

    Task SetUnsaved(int value);

    Task<int> GetUnsaved();

    Task<string> Luggage();

    Task StartTimer();

    Task MoveTo(SiloAddress silo);

    Task MoveToThenWait(SiloAddress silo, string gate);
}

public abstract class PlacedGrainBase(ILocalSiloDetails silo, IPersistentState<CounterState>? state, Stage stage)
    : Grain, IPlacedGrain, IGrainMigrationParticipant
{
    private string _luggage = "none";

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        stage.Note($"{this.GetPrimaryKeyString()} activated with {_luggage}");
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        stage.Note($"{this.GetPrimaryKeyString()} deactivated: {reason.ReasonCode}");
        return Task.CompletedTask;
    }

    public Task<SiloAddress> Silo() => Task.FromResult(silo.SiloAddress);

    public Task<string> Activation() => Task.FromResult(GrainContext.ActivationId.ToString());

    public Task<SiloAddress> SiloOfNeighbour(string key) => GrainFactory.GetGrain<INearGrain>(key).Silo();

    public Task SetUnsaved(int value)
    {
        state!.State.Value = value;
        return Task.CompletedTask;
    }

    public Task<int> GetUnsaved() => Task.FromResult(state!.State.Value);

    public Task<string> Luggage() => Task.FromResult(_luggage);

    public Task StartTimer()
    {
        this.RegisterGrainTimer(() =>
        {
            stage.Note("placed tick");
            return Task.CompletedTask;
        }, new GrainTimerCreationOptions(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)));
        return Task.CompletedTask;
    }

    public Task MoveTo(SiloAddress silo)
    {
        RequestContext.Set(Orleans.Runtime.Placement.IPlacementDirector.PlacementHintKey, silo);
        MigrateOnIdle();
        return Task.CompletedTask;
    }

    public async Task MoveToThenWait(SiloAddress silo, string gate)
    {
        await MoveTo(silo);
        await stage.PassAsync(gate);
    }

    public void OnDehydrate(IDehydrationContext dehydrationContext)
        => dehydrationContext.TryAddValue("luggage", $"luggage of {silo.Name}");

    public void OnRehydrate(IRehydrationContext rehydrationContext)
        => _luggage = rehydrationContext.TryGetValue<string>("luggage", out var luggage) ? luggage : "lost";
}

public interface IAnywhereGrain : IPlacedGrain;

[RandomPlacement]
public sealed class AnywhereGrain([PersistentState("counter", "conformance")] IPersistentState<CounterState> state, ILocalSiloDetails silo, Stage stage)
    : PlacedGrainBase(silo, state, stage), IAnywhereGrain;

public interface INearGrain : IPlacedGrain;

[PreferLocalPlacement]
public sealed class NearGrain(ILocalSiloDetails silo, Stage stage) : PlacedGrainBase(silo, null, stage), INearGrain;

public interface IFilteredGrain : IPlacedGrain;

/// <summary>Placed only on the silo that the key begins with.</summary>
[NamedSiloFilter]
public sealed class FilteredGrain(ILocalSiloDetails silo, Stage stage) : PlacedGrainBase(silo, null, stage), IFilteredGrain;

public interface IDirectedGrain : IPlacedGrain;

/// <summary>Placed by a director of its own.</summary>
[DirectedPlacement]
public sealed class DirectedGrain(ILocalSiloDetails silo, Stage stage) : PlacedGrainBase(silo, null, stage), IDirectedGrain;

public interface IWorkerGrain : IGrainWithStringKey
{
    Task<string> Wait(string gate);
}

[StatelessWorker(2)]
public sealed class WorkerGrain(Stage stage) : Grain, IWorkerGrain
{
    public async Task<string> Wait(string gate)
    {
        await stage.PassAsync(gate);
        return GrainContext.ActivationId.ToString();
    }
}
