using KVCluster.Engine.Conformance.Grains;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class TurnTests(SharedCluster shared) : SharedClusterCase(shared)
{
    [Fact]
    public async Task A_plain_grain_runs_one_turn_to_its_end_before_the_next()
    {
        var (grain, gate, held) = await HeldAsync<IPlainTurnGrain>(static (grain, gate) => grain.Hold(gate));
        Task note = grain.Note("second");
        await grain.NoteInterleaving("first").Within();
        Assert.False(note.IsCompleted);
        await gate.Open().Within();
        await Task.WhenAll(held, note).Within();
        Assert.Equal(["held", "first", "released", "second"], await grain.Lines().Within());
    }

    [Fact]
    public async Task A_reentrant_grain_runs_another_turn_while_one_waits()
    {
        var (grain, gate, held) = await HeldAsync<IReentrantTurnGrain>(static (grain, gate) => grain.Hold(gate));
        await grain.Note("meanwhile").Within();
        await gate.Open().Within();
        await held.Within();
        Assert.Equal(["held", "meanwhile", "released"], await grain.Lines().Within());
    }

    [Fact]
    public async Task A_predicate_chooses_the_calls_that_interleave()
    {
        var (grain, gate, held) = await HeldAsync<IPredicateTurnGrain>(static (grain, gate) => grain.Hold(gate));
        Task later = grain.Note("later");
        await grain.Note("now").Within();
        Assert.False(later.IsCompleted);
        await gate.Open().Within();
        await Task.WhenAll(held, later).Within();
        Assert.Equal(["held", "now", "released", "later"], await grain.Lines().Within());
    }

    [Fact]
    public async Task Read_only_calls_interleave_with_each_other_and_not_with_others()
    {
        var (grain, gate, held) = await HeldAsync<IPlainTurnGrain>(static (grain, gate) => grain.HoldReading(gate));
        await grain.NoteReading("reads too").Within();
        Task writes = grain.Note("writes");
        await grain.Lines().Within();
        Assert.False(writes.IsCompleted);
        await gate.Open().Within();
        await Task.WhenAll(held, writes).Within();
        Assert.Equal(["held", "reads too", "released", "writes"], await grain.Lines().Within());
    }

    [Fact]
    public async Task Calls_of_one_caller_are_served_in_order()
    {
        IPlainTurnGrain grain = Client.GetGrain<IPlainTurnGrain>(NewKey());
        string[] lines = [.. Enumerable.Range(0, 50).Select(i => $"{i}")];
        await grain.Lines().Within();
        await Task.WhenAll(lines.Select(grain.Note)).Within();
        Assert.Equal(lines, await grain.Lines().Within());
    }

    [Fact]
    public async Task A_call_back_into_the_chain_is_served_where_the_chain_allows_it()
    {
        IChainGrain first = Client.GetGrain<IChainGrain>(NewKey());
        Assert.Equal(42, await first.CallWhichCallsBack(NewKey(), allow: true).Within());
    }

    private async Task<(T Grain, IGateGrain Gate, Task Held)> HeldAsync<T>(Func<T, string, Task> hold)
        where T : ITurnGrain
    {
        string key = $"a/{NewKey()}";
        IGateGrain gate = Client.GetGrain<IGateGrain>(key);
        T grain = Client.GetGrain<T>(NewKey());
        Task held = hold(grain, key);
        await Eventually.HoldsAsync(Cluster, TimeSpan.FromMilliseconds(10), async () => await gate.Arrived() == 1);
        return (grain, gate, held);
    }
}
