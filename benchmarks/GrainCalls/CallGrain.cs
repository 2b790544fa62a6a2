using Orleans.Runtime;

namespace KVCluster.Benchmarks.GrainCalls;

/// <summary>A grain that does nothing.</summary>
public interface ICallGrain : IGrainWithStringKey
{
    Task Empty();

    Task<int> Add(int a, int b);

    IAsyncEnumerable<int> Count(int to);
}

public sealed class CallGrain : Grain, ICallGrain
{
    public Task Empty() => Task.CompletedTask;

    public Task<int> Add(int a, int b) => Task.FromResult(a + b);

    public async IAsyncEnumerable<int> Count(int to)
    {
        for (var i = 0; i < to; i++)
        {
            // As a token does, each element comes after those before it were taken.
            await Task.Yield();
            yield return i;
        }
    }
}

[GenerateSerializer]
public sealed class IdleState
{
    [Id(0)]
    public int Value { get; set; }
}

/// <summary>A grain with a state, to be left idle.</summary>
public interface IIdleGrain : IGrainWithStringKey
{
    Task Touch();
}

public sealed class IdleGrain([PersistentState("idle", "memory")] IPersistentState<IdleState> state) : Grain, IIdleGrain
{
    public Task Touch()
    {
        state.State.Value++;
        return Task.CompletedTask;
    }
}
