using KVCluster.Engine.Conformance.Cluster;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>Calls that come back to the grain they came from.</summary>
public interface IChainGrain : IGrainWithStringKey
{
    Task<string> Ping();

    /// <summary>Calls <see cref="CallBack"/> of another grain with this one.</summary>
    Task<string> CallThrough(string other, bool allow);

    Task<string> CallBack(string origin);
}

public sealed class ChainGrain(Stage stage) : Grain, IChainGrain
{
    public Task<string> Ping() => Task.FromResult(this.GetPrimaryKeyString());

    public async Task<string> CallThrough(string other, bool allow)
    {
        using var section = allow ? RequestContext.AllowCallChainReentrancy() : RequestContext.SuppressCallChainReentrancy();
        return await GrainFactory.GetGrain<IChainGrain>(other).CallBack(this.GetPrimaryKeyString());
    }

    public async Task<string> CallBack(string origin)
    {
        stage.Note($"calling {origin} back");
        return await GrainFactory.GetGrain<IChainGrain>(origin).Ping();
    }
}
