using Orleans;
using Orleans.Concurrency;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>Holds turns until it is opened. Keys begin with a silo that stays.</summary>
public interface IGateGrain : IGrainWithStringKey
{
    [ResponseTimeout("00:10:00")]
    Task Pass();

    Task Open();

    /// <summary>How many have come to the gate, passed or not.</summary>
    Task<int> Arrived();
}

[Reentrant, NamedSilo]
public sealed class GateGrain : Grain, IGateGrain
{
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _arrived;

    public Task Pass()
    {
        _arrived++;
        return _open.Task;
    }

    public Task Open()
    {
        _open.TrySetResult();
        return Task.CompletedTask;
    }

    public Task<int> Arrived() => Task.FromResult(_arrived);
}
