using KVCluster.Engine.Conformance.Grains;
using KVCluster.Engine.Embedded;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace KVCluster.Engine.Conformance.Embedded;

/// <summary>Counts, and writes each count before it is answered.</summary>
public interface ITallyGrain : IGrainWithStringKey
{
    Task<int> Increment();

    Task<int> Get();

    Task MoveTo(SiloAddress silo);

    Task Deactivate();

}

public sealed class TallyGrain([PersistentState("counter", "memory")] IPersistentState<CounterState> state) : Grain, ITallyGrain
{
    private bool _inUse;

    public async Task<int> Increment()
    {
        if (_inUse)
        {
            throw new InvalidOperationException("Two turns at once.");
        }

        _inUse = true;
        state.State.Value++;
        await state.WriteStateAsync();
        _inUse = false;
        return state.State.Value;
    }

    public Task<int> Get() => Task.FromResult(state.State.Value);

    public Task MoveTo(SiloAddress silo)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
        MigrateOnIdle();
        return Task.CompletedTask;
    }

    public Task Deactivate()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

}
