using Orleans;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>A grain that moves with what it has not saved. Keys begin with the silo it starts on.</summary>
public interface IMovingGrain : IGrainWithStringKey
{
    /// <summary>Sets the state, unsaved, and a value in memory only.</summary>
    Task Set(int state, string memory);

    Task Write();

    /// <summary>Leaves for another silo.</summary>
    Task Move(SiloAddress silo);

    Task<MovedThings> Look();
}

[GenerateSerializer]
public sealed record MovedThings([property: Id(0)] string Silo, [property: Id(1)] int State, [property: Id(2)] string Memory, [property: Id(3)] bool WasRehydrated);

[NamedSilo]
public sealed class MovingGrain(
    [PersistentState("number", ConformanceSilo.Storage)] IPersistentState<NumberState> state, ILocalSiloDetails silo)
    : Grain, IMovingGrain, IGrainMigrationParticipant
{
    private string _memory = "";
    private bool _wasRehydrated;

    public Task Set(int number, string memory)
    {
        state.State.Value = number;
        _memory = memory;
        return Task.CompletedTask;
    }

    public Task Write() => state.WriteStateAsync();

    public Task Move(SiloAddress target)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, target);
        MigrateOnIdle();
        return Task.CompletedTask;
    }

    public Task<MovedThings> Look() => Task.FromResult(new MovedThings(silo.Name, state.State.Value, _memory, _wasRehydrated));

    public void OnDehydrate(IDehydrationContext dehydrationContext) => dehydrationContext.TryAddValue("memory", _memory);

    public void OnRehydrate(IRehydrationContext rehydrationContext)
    {
        _wasRehydrated = true;
        _memory = rehydrationContext.TryGetValue("memory", out string? memory) ? memory : "lost";
    }
}
