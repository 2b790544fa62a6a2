using KVCluster.Engine.Conformance.Cluster;
using Orleans.Concurrency;
using Orleans.Serialization.Invocation;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>Calls that wait at gates, to see which of them interleave.</summary>
public interface ITurnGrain : IGrainWithStringKey
{
    Task Wait(string gate);

    [AlwaysInterleave]
    Task WaitInterleaving(string gate);

    [ReadOnly]
    Task WaitReadOnly(string gate);

    Task WaitThenFail(string gate, string message);

    Task<string> Echo(string text);

    [OneWay]
    Task WaitUnawaited(string gate);

    /// <summary>Adds without a lock over many awaits; returns the sum.</summary>
    Task<int> AddOverAwaits(int times);

    /// <summary>Whether every await of several kinds came back to a turn of this grain.</summary>
    Task<bool> AwaitsComeBack();

    [ResponseTimeout("00:00:02")]
    Task WaitWithShortTimeout(string gate);

    Task<int> WaitCancellable(string gate, CancellationToken cancellationToken);
}

public abstract class TurnGrainBase(Stage stage) : Grain, ITurnGrain
{
    private int _sum;

    public Task Wait(string gate) => stage.PassAsync(gate);

    public Task WaitInterleaving(string gate) => stage.PassAsync(gate);

    public Task WaitReadOnly(string gate) => stage.PassAsync(gate);

    public async Task WaitThenFail(string gate, string message)
    {
        await stage.PassAsync(gate);
        throw new InvalidOperationException(message);
    }

    public Task<string> Echo(string text)
    {
        stage.Note($"echo {text}");
        return Task.FromResult(text);
    }

    public async Task WaitUnawaited(string gate)
    {
        await stage.PassAsync(gate);
        stage.Note($"{gate} passed");
        throw new InvalidOperationException("Nobody sees this.");
    }

    public async Task<int> AddOverAwaits(int times)
    {
        for (var i = 0; i < times; i++)
        {
            var sum = _sum;
            Thread.SpinWait(20);
            _sum = sum + 1;
            await Task.Yield();
        }

        return _sum;
    }

    public async Task<bool> AwaitsComeBack()
    {
        var scheduler = TaskScheduler.Current;
        var same = scheduler != TaskScheduler.Default;
        await Task.Yield();
        same &= TaskScheduler.Current == scheduler;
        await Task.Run(() => Thread.SpinWait(1000));
        same &= TaskScheduler.Current == scheduler;
        await Task.Delay(1);
        same &= TaskScheduler.Current == scheduler;
        await Task.WhenAll(Task.Delay(1), Task.Run(() => { }));
        return same && TaskScheduler.Current == scheduler;
    }

    public Task WaitWithShortTimeout(string gate) => stage.PassAsync(gate);

    public async Task<int> WaitCancellable(string gate, CancellationToken cancellationToken)
    {
        try
        {
            await stage.PassAsync(gate, cancellationToken);
            return 1;
        }
        catch (OperationCanceledException)
        {
            stage.Note($"{gate} cancelled");
            throw;
        }
    }
}

public interface IPlainTurnGrain : ITurnGrain;

public sealed class PlainTurnGrain(Stage stage) : TurnGrainBase(stage), IPlainTurnGrain;

public interface IReentrantTurnGrain : ITurnGrain;

[Reentrant]
public sealed class ReentrantTurnGrain(Stage stage) : TurnGrainBase(stage), IReentrantTurnGrain;

public interface IChoosyTurnGrain : ITurnGrain;

/// <summary>Only echoes of "let me in" interleave.</summary>
[MayInterleave(nameof(MayInterleave))]
public sealed class ChoosyTurnGrain(Stage stage) : TurnGrainBase(stage), IChoosyTurnGrain
{
    public static bool MayInterleave(IInvokable call)
        => call.GetMethodName() == nameof(Echo) && call.GetArgumentCount() == 1 && call.GetArgument(0) switch
        {
            "let me in" => true,
            "undecided" => throw new InvalidOperationException("It cannot decide."),
            _ => false,
        };
}
