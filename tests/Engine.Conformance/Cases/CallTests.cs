using KVCluster.Engine.Conformance.Grains;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class CallTests(SharedCluster shared) : SharedClusterCase(shared)
{
    private const string Name = "conformance.name";

    private ICallGrain NewGrain(string silo = "a") => Client.GetGrain<ICallGrain>($"{silo}/{NewKey()}");

    [Fact]
    public async Task The_request_context_goes_with_calls_and_with_the_calls_they_make()
    {
        RequestContext.Set(Name, "of the client");
        Assert.Equal("of the client", await NewGrain().Context(Name).Within());
        Assert.Equal("of the client", await NewGrain().ContextThrough($"b/{NewKey()}", Name).Within());
        RequestContext.Remove(Name);
        Assert.Null(await NewGrain().Context(Name).Within());
    }

    [Fact]
    public async Task What_a_callee_sets_in_the_request_context_stays_with_it()
    {
        RequestContext.Set(Name, "of the client");
        Assert.Equal("of the client", await NewGrain().ContextAfterCallee($"b/{NewKey()}", Name).Within());
        await NewGrain().SetContext(Name, "of the callee").Within();
        Assert.Equal("of the client", RequestContext.Get(Name));
        RequestContext.Clear();
    }

    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    public async Task A_clients_cancellation_reaches_the_callee(string silo)
    {
        string journal = $"a/{NewKey()}";
        using CancellationTokenSource source = new();
        Task call = NewGrain(silo).WaitForCancellation(journal, source.Token);
        await Eventually.HoldsAsync(Cluster, TimeSpan.FromMilliseconds(10), async () => (await LinesAsync(journal)).Length == 1);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.Within());
        await CancelledAsync(journal);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    public async Task A_grains_cancellation_reaches_the_grain_it_called(string silo)
    {
        string journal = $"a/{NewKey()}";
        Assert.Equal("cancelled", await NewGrain().CancelOther($"{silo}/{NewKey()}", journal).Within());
        await CancelledAsync(journal);
    }

    [Fact]
    public async Task A_call_with_a_token_already_cancelled_fails()
    {
        string journal = $"a/{NewKey()}";
        ICallGrain grain = NewGrain();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => grain.WaitForCancellation(journal, new CancellationToken(true)).Within());
        Assert.Equal(42, await grain.Answer().Within());
    }

    [Fact]
    public async Task A_one_way_call_does_not_wait_for_its_callee()
    {
        string gate = $"a/{NewKey()}";
        ICallGrain grain = NewGrain("b");
        await grain.HoldOneWay(gate).Within();
        await Eventually.HoldsAsync(Cluster, TimeSpan.FromMilliseconds(10), async () => await Client.GetGrain<IGateGrain>(gate).Arrived() == 1);
        Task<int> after = grain.Answer();
        Assert.False(after.IsCompleted);
        await Client.GetGrain<IGateGrain>(gate).Open().Within();
        Assert.Equal(42, await after.Within());
    }

    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    public async Task Arguments_and_results_are_copies(string silo)
    {
        ICallGrain grain = NewGrain(silo);
        List<int> list = [1, 2];
        int[] array = [3];
        await grain.Keep(list, array).Within();
        Assert.Equal([1, 2], list);
        list.Add(99);
        array[0] = 99;
        List<int> kept = await grain.Kept().Within();
        Assert.Equal([1, 2, 3], kept);
        kept.Clear();
        Assert.Equal([1, 2, 3], await grain.Kept().Within());
        await grain.Change(array).Within();
        Assert.Equal([99], array);
    }

    private async Task CancelledAsync(string journal)
    {
        await Eventually.HoldsAsync(Cluster, TimeSpan.FromMilliseconds(10), async () => (await LinesAsync(journal)).Length == 2);
        Assert.Equal(["waits", "cancelled"], await LinesAsync(journal));
    }

    private Task<string[]> LinesAsync(string journal) => Client.GetGrain<IJournalGrain>(journal).Read().Within();
}
