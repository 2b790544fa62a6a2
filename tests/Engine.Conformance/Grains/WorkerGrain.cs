using Orleans;
using Orleans.Concurrency;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>A grain with two activations a silo at most.</summary>
public interface ITwoWorkersGrain : IGrainWithStringKey
{
    Task<Guid> Hold(string gate);
}

[StatelessWorker(2)]
public sealed class TwoWorkersGrain : Grain, ITwoWorkersGrain
{
    private readonly Guid _activation = Guid.NewGuid();

    public async Task<Guid> Hold(string gate)
    {
        await GrainFactory.GetGrain<IGateGrain>(gate).Pass();
        return _activation;
    }
}
