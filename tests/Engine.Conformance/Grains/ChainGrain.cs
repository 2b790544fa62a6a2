using Orleans;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>Calls a grain that calls back.</summary>
public interface IChainGrain : IGrainWithStringKey
{
    Task<int> CallWhichCallsBack(string other, bool allow);

    Task<int> CallBack(string first);

    Task<int> Answer();
}

public sealed class ChainGrain : Grain, IChainGrain
{
    public async Task<int> CallWhichCallsBack(string other, bool allow)
    {
        IChainGrain callee = GrainFactory.GetGrain<IChainGrain>(other);
        if (!allow)
        {
            return await callee.CallBack(this.GetPrimaryKeyString());
        }

        using (RequestContext.AllowCallChainReentrancy())
        {
            return await callee.CallBack(this.GetPrimaryKeyString());
        }
    }

    public Task<int> CallBack(string first) => GrainFactory.GetGrain<IChainGrain>(first).Answer();

    public Task<int> Answer() => Task.FromResult(42);
}
