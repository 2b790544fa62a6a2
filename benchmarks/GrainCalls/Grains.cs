using Orleans;

namespace KVCluster.Benchmarks.GrainCalls;

/// <summary>The cheapest grain: what a call of it costs is the engine's.</summary>
public interface IEmptyGrain : IGrainWithIntegerKey
{
    Task Call();
}

public sealed class EmptyGrain : Grain, IEmptyGrain
{
    public Task Call() => Task.CompletedTask;
}
