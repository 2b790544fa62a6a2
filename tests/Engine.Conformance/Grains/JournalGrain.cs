using Orleans;
using Orleans.Concurrency;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>What other grains tell, in order; readable from any process. Keys begin with a silo that stays.</summary>
public interface IJournalGrain : IGrainWithStringKey
{
    /// <summary>Returns how many lines there are with this one.</summary>
    Task<int> Add(string line);

    Task<string[]> Read();
}

[Reentrant, NamedSilo]
public sealed class JournalGrain : Grain, IJournalGrain
{
    private readonly List<string> _lines = [];

    public Task<int> Add(string line)
    {
        _lines.Add(line);
        return Task.FromResult(_lines.Count);
    }

    public Task<string[]> Read() => Task.FromResult(_lines.ToArray());
}
