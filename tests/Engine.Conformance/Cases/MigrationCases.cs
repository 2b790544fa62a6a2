using KVCluster.Engine.Conformance.Cluster;
using KVCluster.Engine.Conformance.Grains;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class MigrationCases : ConformanceCase
{
    private static readonly ConformanceOptions Two = new() { Silos = 2 };

    [Fact]
    public async Task A_grain_moves_to_the_silo_of_the_hint()
    {
        var cluster = await StartAsync(Two);
        var grain = Get<IAnywhereGrain>(cluster);
        var (from, to) = await PlaceAsync(cluster, grain);
        var activation = await Soon(grain.Activation());
        await Soon(grain.MoveTo(to.Address));

        await EventuallyOnAsync(grain, to);
        Assert.NotEqual(activation, await Soon(grain.Activation()));
        Assert.Equal(1, Stage.Count($"{grain.GetPrimaryKeyString()} deactivated: Migrating"));
        Assert.NotEqual(from.Address, to.Address);
    }

    [Fact]
    public async Task Unsaved_state_travels()
    {
        var cluster = await StartAsync(Two);
        var grain = Get<IAnywhereGrain>(cluster);
        var (_, to) = await PlaceAsync(cluster, grain);
        await Soon(grain.SetUnsaved(77));
        await Soon(grain.MoveTo(to.Address));
        await EventuallyOnAsync(grain, to);

        Assert.Equal(77, await Soon(grain.GetUnsaved()));
    }

    [Fact]
    public async Task What_the_grain_dehydrates_is_there_before_it_activates()
    {
        var cluster = await StartAsync(Two);
        var grain = Get<IAnywhereGrain>(cluster);
        var (from, to) = await PlaceAsync(cluster, grain);
        await Soon(grain.MoveTo(to.Address));
        await EventuallyOnAsync(grain, to);

        Assert.Equal($"luggage of {from.Name}", await Soon(grain.Luggage()));
        Assert.Equal(1, Stage.Count($"{grain.GetPrimaryKeyString()} activated with luggage of {from.Name}"));
    }

    [Fact]
    public async Task Timers_do_not_travel()
    {
        var cluster = await StartAsync(Two);
        var grain = Get<IAnywhereGrain>(cluster);
        var (_, to) = await PlaceAsync(cluster, grain);
        await Soon(grain.StartTimer());
        await Soon(grain.MoveTo(to.Address));
        await EventuallyOnAsync(grain, to);
        var ticks = Stage.Count("placed tick");
        await cluster.PassTimeAsync(TimeSpan.FromSeconds(3));

        Assert.Equal(to.Address, await Soon(grain.Silo()));
        Assert.Equal(ticks, Stage.Count("placed tick"));
    }

    [Fact]
    public async Task Calls_that_arrive_during_the_move_are_answered_at_the_new_place()
    {
        var cluster = await StartAsync(Two);
        var grain = Get<IAnywhereGrain>(cluster);
        var (_, to) = await PlaceAsync(cluster, grain);
        var turn = grain.MoveToThenWait(to.Address, "turn");
        await Stage.SeenAsync("turn reached");
        var waiting = Enumerable.Range(0, 10).Select(_ => grain.Silo()).ToArray();
        Stage.Open("turn");
        await Soon(turn);

        Assert.All(await Soon(Task.WhenAll(waiting)), silo => Assert.Equal(to.Address, silo));
    }

    [Fact]
    public async Task A_move_to_where_the_grain_is_moves_nothing()
    {
        var cluster = await StartAsync(Two);
        var grain = Get<IAnywhereGrain>(cluster);
        var (from, _) = await PlaceAsync(cluster, grain);
        await Soon(grain.MoveTo(from.Address));
        await Stage.SeenAsync($"{grain.GetPrimaryKeyString()} deactivated: Migrating");

        await Soon(grain.Silo());
        Assert.Equal("none", await Soon(grain.Luggage()));
    }

    private static async Task<(ConformanceSilo From, ConformanceSilo To)> PlaceAsync(IConformanceCluster cluster, IPlacedGrain grain)
    {
        var at = await Soon(grain.Silo());
        return (cluster.Silos.Single(silo => silo.Address.Equals(at)), cluster.Silos.First(silo => !silo.Address.Equals(at)));
    }

    private static async Task EventuallyOnAsync(IPlacedGrain grain, ConformanceSilo silo)
    {
        var until = DateTime.UtcNow + Stage.Patience;
        while (!silo.Address.Equals(await Soon(grain.Silo())))
        {
            Assert.True(DateTime.UtcNow < until, $"The grain did not come to {silo.Name}.");
            await Task.Delay(5);
        }
    }
}
