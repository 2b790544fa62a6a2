using KVCluster.Engine.Conformance.Cluster;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Grains;

[GenerateSerializer, Alias("conformance.CounterState")]
public sealed class CounterState
{
    [Id(0)]
    public int Value { get; set; }

    [Id(1)]
    public List<string> Notes { get; set; } = [];
}

/// <summary>A grain with a state.</summary>
public interface IStateGrain : IGrainWithStringKey
{
    Task Set(int value);

    Task Write();

    Task<int> Get();

    Task<int> ReadAgain();

    Task Clear();

    Task<(bool Exists, string? ETag)> Record();

    Task SetAndWrite(int value);

    /// <summary>Writes a value, then waits at the gate "half", then writes twice the value.</summary>
    Task WriteTwiceWithAPause(int value);

    /// <summary>Begins a second write before the first has ended.</summary>
    Task WriteTwiceAtOnce();

    Task Deactivate();

    Task<string> Activation();
}

public sealed class StateGrain([PersistentState("counter", "conformance")] IPersistentState<CounterState> state, Stage stage) : Grain, IStateGrain
{
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        stage.Note($"{this.GetPrimaryKeyString()} deactivated: {reason.ReasonCode}");
        return Task.CompletedTask;
    }

    public Task Set(int value)
    {
        state.State.Value = value;
        return Task.CompletedTask;
    }

    public Task Write() => state.WriteStateAsync();

    public Task<int> Get() => Task.FromResult(state.State.Value);

    public async Task<int> ReadAgain()
    {
        await state.ReadStateAsync();
        return state.State.Value;
    }

    public Task Clear() => state.ClearStateAsync();

    public Task<(bool Exists, string? ETag)> Record() => Task.FromResult((state.RecordExists, state.Etag));

    public async Task SetAndWrite(int value)
    {
        state.State.Value = value;
        state.State.Notes.Add($"set to {value}");
        await state.WriteStateAsync();
    }

    public async Task WriteTwiceWithAPause(int value)
    {
        await SetAndWrite(value);
        await stage.PassAsync("half");
        await SetAndWrite(2 * value);
        stage.Note("second write done");
    }

    public Task WriteTwiceAtOnce() => Task.WhenAll(state.WriteStateAsync(), state.WriteStateAsync());

    public Task Deactivate()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task<string> Activation() => Task.FromResult(GrainContext.ActivationId.ToString());
}
