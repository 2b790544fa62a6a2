using KVCluster.Engine.Conformance.Grains;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class ActivationTests(SharedCluster shared) : SharedClusterCase(shared)
{
    [Fact]
    public async Task Racing_first_calls_find_one_activation()
    {
        IPlacedGrain[] keys = [.. Enumerable.Range(0, 20).Select(_ => Client.GetGrain<IPlacedGrain>($"b/{NewKey()}"))];
        foreach (IPlacedGrain grain in keys)
        {
            Guid[] activations = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(grain.Activation))).Within();
            Assert.Single(activations.Distinct());
        }
    }

    [Fact]
    public async Task Hooks_run_in_order_and_the_next_call_makes_a_fresh_activation()
    {
        string journal = $"a/{NewKey()}";
        ILifeGrain grain = Client.GetGrain<ILifeGrain>($"b|{journal}");
        Guid first = await grain.Activation().Within();
        await grain.Leave().Within();
        await Eventually.HoldsAsync(Cluster, TimeSpan.FromMilliseconds(10), async () => (await LinesAsync(journal)).Length == 2);
        Assert.NotEqual(first, await grain.Activation().Within());
        Assert.Equal(["begins", "ends: ApplicationRequested", "begins"], await LinesAsync(journal));
    }

    [Fact]
    public async Task An_activation_that_fails_to_begin_fails_its_call_and_the_next_call_tries_again()
    {
        IFragileGrain grain = Client.GetGrain<IFragileGrain>($"a/{NewKey()}");
        KnownException error = await Assert.ThrowsAsync<KnownException>(() => grain.Answer().Within());
        Assert.Equal("not this time", error.Message);
        Assert.Equal(42, await grain.Answer().Within());
    }

    [Fact]
    public async Task Stateless_workers_grow_to_their_limit_and_no_further()
    {
        string gate = $"a/{NewKey()}";
        ITwoWorkersGrain grain = Client.GetGrain<ITwoWorkersGrain>(NewKey());
        IGateGrain held = Client.GetGrain<IGateGrain>(gate);
        Task<Guid>[] calls = [.. Enumerable.Range(0, 2).Select(_ => grain.Hold(gate))];
        await Eventually.HoldsAsync(Cluster, TimeSpan.FromMilliseconds(10), async () => await held.Arrived() == 2);
        Task<Guid>[] more = [.. Enumerable.Range(0, 4).Select(_ => grain.Hold(gate))];
        await held.Open().Within();
        Guid[] workers = await Task.WhenAll(calls).Within();
        Assert.NotEqual(workers[0], workers[1]);
        Assert.True((await Task.WhenAll(more).Within()).Concat(workers).Distinct().Count() <= 4);
    }

    private Task<string[]> LinesAsync(string journal) => Client.GetGrain<IJournalGrain>(journal).Read().Within();
}
