using Orleans;
using Orleans.Concurrency;
using Orleans.Serialization.Invocation;

namespace KVCluster.Engine.Conformance.Grains;

/// <summary>A grain whose turns can be held, to see which others run meanwhile.</summary>
public interface ITurnGrain : IGrainWithStringKey
{
    Task Hold(string gate);

    Task Note(string line);

    [ReadOnly]
    Task HoldReading(string gate);

    [ReadOnly]
    Task NoteReading(string line);

    [AlwaysInterleave]
    Task NoteInterleaving(string line);

    [AlwaysInterleave]
    Task<string[]> Lines();
}

public interface IPlainTurnGrain : ITurnGrain;

public interface IReentrantTurnGrain : ITurnGrain;

public interface IPredicateTurnGrain : ITurnGrain;

public abstract class TurnGrain : Grain, ITurnGrain
{
    private readonly List<string> _lines = [];

    public async Task Hold(string gate)
    {
        _lines.Add("held");
        await GrainFactory.GetGrain<IGateGrain>(gate).Pass();
        _lines.Add("released");
    }

    public Task Note(string line)
    {
        _lines.Add(line);
        return Task.CompletedTask;
    }

    public Task HoldReading(string gate) => Hold(gate);

    public Task NoteReading(string line) => Note(line);

    public Task NoteInterleaving(string line) => Note(line);

    public Task<string[]> Lines() => Task.FromResult(_lines.ToArray());
}

public sealed class PlainTurnGrain : TurnGrain, IPlainTurnGrain;

[Reentrant]
public sealed class ReentrantTurnGrain : TurnGrain, IReentrantTurnGrain;

[MayInterleave(nameof(MayInterleave))]
public sealed class PredicateTurnGrain : TurnGrain, IPredicateTurnGrain
{
    /// <summary>Notes that ask for it interleave.</summary>
    public static bool MayInterleave(IInvokable request) => request.GetArgumentCount() == 1 && request.GetArgument(0) is "now";
}
