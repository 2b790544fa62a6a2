using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>A grain with a persistent state. Keys begin with the silo it starts on.</summary>
public interface IStateGrain : IGrainWithStringKey
{
    Task Write(int value);

    Task SetOnly(int value);

    /// <summary>Sets, and then waits at a gate before it would write.</summary>
    Task HoldThenWrite(int value, string gate);

    Task<int> Read();

    Task<bool> Exists();

    Task Clear();

    /// <summary>Leaves on idle: the next call makes an activation that reads the state anew.</summary>
    Task Leave();

    Task<Guid> Activation();
}

[GenerateSerializer]
public sealed class NumberState
{
    [Id(0)]
    public int Value { get; set; }
}

[NamedSilo]
public sealed class StateGrain([PersistentState("number", ConformanceSilo.Storage)] IPersistentState<NumberState> state) : Grain, IStateGrain
{
    private readonly Guid _activation = Guid.NewGuid();

    public async Task Write(int value)
    {
        state.State.Value = value;
        await state.WriteStateAsync();
    }

    public Task SetOnly(int value)
    {
        state.State.Value = value;
        return Task.CompletedTask;
    }

    public async Task HoldThenWrite(int value, string gate)
    {
        state.State.Value = value;
        await GrainFactory.GetGrain<IGateGrain>(gate).Pass();
        await state.WriteStateAsync();
    }

    public Task<int> Read() => Task.FromResult(state.State.Value);

    public Task<bool> Exists() => Task.FromResult(state.RecordExists);

    public Task Clear() => state.ClearStateAsync();

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task<Guid> Activation() => Task.FromResult(_activation);
}
