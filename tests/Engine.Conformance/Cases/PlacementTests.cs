using KVCluster.Engine.Conformance.Grains;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class PlacementTests(SharedCluster shared) : SharedClusterCase(shared)
{
    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    public async Task A_director_of_our_own_decides_where_a_grain_goes(string silo) =>
        Assert.Equal(silo, await Client.GetGrain<IPlacedGrain>($"{silo}/{NewKey()}").Silo().Within());

    [Fact]
    public async Task A_hint_in_the_request_context_reaches_the_director()
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, Silos.B.Address);
        try
        {
            Assert.Equal("b", await Client.GetGrain<IPlacedGrain>($"a/{NewKey()}").Silo().Within());
        }
        finally
        {
            RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        }
    }

    [Fact]
    public async Task A_filter_keeps_silos_from_the_director()
    {
        string[] silos = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Client.GetGrain<IAvoidingGrain>(NewKey()).Silo())).Within();
        Assert.All(silos, silo => Assert.Equal("b", silo));
    }

    [Fact]
    public async Task A_grain_stays_where_it_is_whatever_later_calls_hint()
    {
        IPlacedGrain grain = Client.GetGrain<IPlacedGrain>($"a/{NewKey()}");
        Assert.Equal("a", await grain.Silo().Within());
        RequestContext.Set(IPlacementDirector.PlacementHintKey, Silos.B.Address);
        Assert.Equal("a", await grain.Silo().Within());
        RequestContext.Clear();
    }
}
