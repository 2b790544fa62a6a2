using KVCluster.Engine.Conformance.Cluster;
using KVCluster.Engine.Conformance.Grains;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class PlacementCases : ConformanceCase
{
    private static readonly ConformanceOptions Three = new() { Silos = 3 };

    [Fact]
    public async Task A_hint_of_the_request_context_chooses_the_silo()
    {
        var cluster = await StartAsync(Three);
        foreach (var silo in cluster.Silos)
        {
            RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.Address);
            for (var i = 0; i < 5; i++)
            {
                Assert.Equal(silo.Address, await Soon(Get<IAnywhereGrain>(cluster).Silo()));
            }
        }
    }

    [Fact]
    public async Task A_hint_does_not_move_an_active_grain()
    {
        var cluster = await StartAsync(Three);
        var grain = Get<IAnywhereGrain>(cluster);
        var first = await Soon(grain.Silo());
        foreach (var silo in cluster.Silos)
        {
            RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.Address);
            Assert.Equal(first, await Soon(grain.Silo()));
        }
    }

    [Fact]
    public async Task A_hint_of_a_silo_that_has_gone_is_passed_over()
    {
        var cluster = await StartAsync(Three);
        var gone = cluster.Silos[0];
        await cluster.StopSiloAsync(gone);
        RequestContext.Set(IPlacementDirector.PlacementHintKey, gone.Address);

        Assert.NotEqual(gone.Address, await Soon(Get<IAnywhereGrain>(cluster).Silo()));
    }

    [Fact]
    public async Task Random_placement_uses_every_silo()
    {
        var cluster = await StartAsync(Three);
        var seen = new HashSet<SiloAddress>();
        for (var i = 0; i < 200 && seen.Count < 3; i++)
        {
            seen.Add(await Soon(Get<IAnywhereGrain>(cluster).Silo()));
        }

        Assert.Equal(3, seen.Count);
    }

    [Fact]
    public async Task A_grain_that_prefers_the_local_silo_is_placed_at_its_caller()
    {
        var cluster = await StartAsync(Three);
        for (var i = 0; i < 10; i++)
        {
            var caller = Get<IAnywhereGrain>(cluster);
            Assert.Equal(await Soon(caller.Silo()), await Soon(caller.SiloOfNeighbour(NewKey())));
        }
    }

    [Fact]
    public async Task A_filter_leaves_out_silos()
    {
        var cluster = await StartAsync(Three);
        foreach (var silo in cluster.Silos)
        {
            Assert.Equal(silo.Address, await Soon(Get<IFilteredGrain>(cluster, $"{silo.Name}-{NewKey()}").Silo()));
        }
    }

    [Fact]
    public async Task Where_a_filter_leaves_no_silo_the_call_fails()
    {
        var cluster = await StartAsync(Three);

        await Assert.ThrowsAnyAsync<OrleansException>(() => Soon(Get<IFilteredGrain>(cluster, "nowhere-" + NewKey()).Silo()));
    }

    [Fact]
    public async Task A_class_may_have_a_director_that_sees_the_request_context()
    {
        var cluster = await StartAsync(Three);
        foreach (var silo in cluster.Silos)
        {
            RequestContext.Set("node", silo.Name);
            var grain = Get<IDirectedGrain>(cluster);
            Assert.Equal(silo.Address, await Soon(grain.Silo()));
            Assert.Equal(silo.Address, await Soon(grain.Silo()));
            Assert.Equal(1, Stage.Count($"director asked for {grain.GetPrimaryKeyString()} on {silo.Name}"));
        }
    }

    [Fact]
    public async Task An_error_of_the_director_is_the_callers_and_the_next_call_asks_again()
    {
        var cluster = await StartAsync(Three);
        var grain = Get<IDirectedGrain>(cluster);
        RequestContext.Set("node", "unknown");
        Assert.Contains("There is no node unknown.", (await Assert.ThrowsAnyAsync<Exception>(() => Soon(grain.Silo()))).ToString());
        RequestContext.Set("node", cluster.Silos[1].Name);

        Assert.Equal(cluster.Silos[1].Address, await Soon(grain.Silo()));
    }

    [Fact]
    public async Task Stateless_workers_take_several_calls_at_once_up_to_their_number()
    {
        var cluster = await StartAsync();
        var grain = Get<IWorkerGrain>(cluster);
        var calls = new[] { grain.Wait("one"), grain.Wait("two") };
        await Stage.SeenAsync("one reached");
        await Stage.SeenAsync("two reached");
        var third = grain.Wait("three");
        await Task.Delay(20);
        Assert.Equal(0, Stage.Count("three reached"));
        Stage.Open("one");
        Stage.Open("two");
        Stage.Open("three");

        Assert.Equal(2, (await Soon(Task.WhenAll(calls))).Distinct().Count());
        Assert.NotNull(await Soon(third));
    }
}
