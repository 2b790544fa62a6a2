using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>Reads and sets the request context.</summary>
public interface IContextGrain : IGrainWithStringKey
{
    Task<string?> Read(string key);

    Task<string?> ReadThrough(string other, string key);

    Task SetHere(string key, string value);
}

public sealed class ContextGrain : Grain, IContextGrain
{
    public async Task<string?> Read(string key)
    {
        var before = (string?)RequestContext.Get(key);
        await Task.Yield();
        return before == (string?)RequestContext.Get(key) ? before : "lost over an await";
    }

    public Task<string?> ReadThrough(string other, string key) => GrainFactory.GetGrain<IContextGrain>(other).Read(key);

    // Not async: what it sets must not stay behind for the next call.
    public Task SetHere(string key, string value)
    {
        RequestContext.Set(key, value);
        return Task.CompletedTask;
    }
}
