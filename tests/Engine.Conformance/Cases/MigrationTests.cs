using KVCluster.Engine.Conformance.Grains;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class MigrationTests(SharedCluster shared) : SharedClusterCase(shared)
{
    [Fact]
    public async Task A_grain_moves_to_the_hinted_silo_with_what_it_had_not_saved()
    {
        IMovingGrain grain = Client.GetGrain<IMovingGrain>($"a/{NewKey()}");
        await grain.Set(7, "in memory").Within();
        Assert.Equal(new MovedThings("a", 7, "in memory", false), await grain.Look().Within());
        await grain.Move(Silos.B.Address).Within();
        await Eventually.HoldsAsync(Cluster, TimeSpan.FromMilliseconds(10), async () => (await grain.Look()).Silo == "b");
        Assert.Equal(new MovedThings("b", 7, "in memory", true), await grain.Look().Within());
    }

    [Fact]
    public async Task A_moved_grain_writes_its_state_on_as_if_it_had_stayed()
    {
        IMovingGrain grain = Client.GetGrain<IMovingGrain>($"a/{NewKey()}");
        await grain.Set(1, "").Within();
        await grain.Write().Within();
        await grain.Move(Silos.B.Address).Within();
        await Eventually.HoldsAsync(Cluster, TimeSpan.FromMilliseconds(10), async () => (await grain.Look()).Silo == "b");
        await grain.Set(2, "").Within();
        await grain.Write().Within();
        Assert.Equal(2, (await grain.Look().Within()).State);
    }

    [Fact]
    public async Task Calls_that_come_while_a_grain_moves_are_served()
    {
        IMovingGrain grain = Client.GetGrain<IMovingGrain>($"a/{NewKey()}");
        await grain.Set(7, "kept").Within();
        Task move = grain.Move(Silos.B.Address);
        MovedThings[] seen = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => grain.Look())).Within();
        await move.Within();
        Assert.All(seen, things => Assert.Equal((7, "kept"), (things.State, things.Memory)));
    }
}
