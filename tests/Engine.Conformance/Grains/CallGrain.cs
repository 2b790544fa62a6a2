using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>What goes with a call: context, cancellation, arguments, its time. Keys begin with the silo it starts on.</summary>
public interface ICallGrain : IGrainWithStringKey
{
    Task<string?> Context(string name);

    Task<string?> ContextThrough(string other, string name);

    Task<string?> ContextAfterCallee(string other, string name);

    Task SetContext(string name, string value);

    /// <summary>Waits until it is cancelled and tells a journal.</summary>
    Task WaitForCancellation(string journal, CancellationToken cancellationToken);

    /// <summary>Cancels a call of its own that <paramref name="other"/> works on.</summary>
    Task<string> CancelOther(string other, string journal);

    Task Hold(string gate);

    [ResponseTimeout("00:00:01")]
    Task HoldForOneSecond(string gate);

    [OneWay]
    Task HoldOneWay(string gate);

    Task Keep(List<int> list, int[] array);

    Task<List<int>> Kept();

    /// <summary>Changes what it was given.</summary>
    Task Change(int[] array);

    Task<int> Answer();
}

[NamedSilo]
public sealed class CallGrain : Grain, ICallGrain
{
    private List<int> _kept = [];

    public Task<string?> Context(string name) => Task.FromResult(RequestContext.Get(name) as string);

    public Task<string?> ContextThrough(string other, string name) => GrainFactory.GetGrain<ICallGrain>(other).Context(name);

    public async Task<string?> ContextAfterCallee(string other, string name)
    {
        await GrainFactory.GetGrain<ICallGrain>(other).SetContext(name, "of the callee");
        return RequestContext.Get(name) as string;
    }

    public Task SetContext(string name, string value)
    {
        RequestContext.Set(name, value);
        return Task.CompletedTask;
    }

    public async Task WaitForCancellation(string journal, CancellationToken cancellationToken)
    {
        IJournalGrain lines = GrainFactory.GetGrain<IJournalGrain>(journal);
        await lines.Add("waits");
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
        finally
        {
            await lines.Add(cancellationToken.IsCancellationRequested ? "cancelled" : "not cancelled");
        }
    }

    public async Task<string> CancelOther(string other, string journal)
    {
        using CancellationTokenSource source = new();
        Task call = GrainFactory.GetGrain<ICallGrain>(other).WaitForCancellation(journal, source.Token);
        while ((await GrainFactory.GetGrain<IJournalGrain>(journal).Read()).Length == 0)
        {
        }

        await source.CancelAsync();
        try
        {
            await call;
            return "ended";
        }
        catch (OperationCanceledException)
        {
            return "cancelled";
        }
    }

    public Task Hold(string gate) => GrainFactory.GetGrain<IGateGrain>(gate).Pass();

    public Task HoldForOneSecond(string gate) => Hold(gate);

    public Task HoldOneWay(string gate) => Hold(gate);

    public Task Keep(List<int> list, int[] array)
    {
        _kept = list;
        _kept.AddRange(array);
        return Task.CompletedTask;
    }

    public Task<List<int>> Kept() => Task.FromResult(_kept);

    public Task Change(int[] array)
    {
        Array.Fill(array, -1);
        return Task.CompletedTask;
    }

    public Task<int> Answer() => Task.FromResult(42);
}
