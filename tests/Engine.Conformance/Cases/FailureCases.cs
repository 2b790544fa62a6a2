using KVCluster.Engine.Conformance.Cluster;
using KVCluster.Engine.Conformance.Grains;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class FailureCases : ConformanceCase
{
    private static readonly ConformanceOptions Two = new() { Silos = 2 };
    private static readonly ConformanceOptions Killable = Two with { Killable = true };

    [Fact]
    public async Task A_silo_killed_in_mid_turn_fails_its_calls_and_leaves_state_as_last_written()
    {
        var cluster = await StartAsync(Killable);
        var silo = cluster.Silos[1];
        var grain = Inside(cluster).GetGrain<IStateGrain>(NewKey());
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.Address);
        var running = grain.WriteTwiceWithAPause(5);
        await Stage.SeenAsync("half reached");
        var waiting = grain.Get();
        await cluster.KillSiloAsync(silo);

        await Assert.ThrowsAsync<SiloUnavailableException>(() => Soon(running));
        await Assert.ThrowsAsync<SiloUnavailableException>(() => Soon(waiting));
        Stage.Open("half");
        Assert.Equal(5, await EventuallyAnsweredAsync(grain.Get));
        Assert.Equal(0, Stage.Count("second write done"));
        Assert.Equal(0, Stage.Journal.Count(entry => entry.Contains("deactivated")));
    }

    [Fact]
    public async Task A_client_outside_of_the_silos_sees_the_loss_or_waits_no_longer_than_for_any_call()
    {
        var cluster = await StartAsync(Killable with { ResponseTimeout = TimeSpan.FromSeconds(5) });
        var silo = cluster.Silos[1];
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.Address);
        var running = Get<IStateGrain>(cluster).WriteTwiceWithAPause(5);
        await Stage.SeenAsync("half reached");
        await cluster.KillSiloAsync(silo);

        // Orleans' gateway does not tell its clients that a silo behind it is gone.
        var error = await Record.ExceptionAsync(() => Soon(running));
        Assert.True(error is SiloUnavailableException or TimeoutException, $"{error}");
    }

    [Fact]
    public async Task Grains_of_the_silos_that_stay_keep_their_activations()
    {
        var cluster = await StartAsync(Killable);
        RequestContext.Set(IPlacementDirector.PlacementHintKey, cluster.Silos[0].Address);
        var grains = Enumerable.Range(0, 20).Select(_ => Get<ILifeGrain>(cluster)).ToArray();
        var before = await Soon(Task.WhenAll(grains.Select(grain => grain.Activation())));
        RequestContext.Set(IPlacementDirector.PlacementHintKey, cluster.Silos[1].Address);
        var lost = Get<ILifeGrain>(cluster);
        await Soon(lost.Activation());
        await cluster.KillSiloAsync(cluster.Silos[1]);

        await EventuallyAnsweredAsync(lost.Activation);
        Assert.Equal(before, await Soon(Task.WhenAll(grains.Select(grain => grain.Activation()))));
    }

    [Fact]
    public async Task Grains_of_a_killed_silo_begin_on_another()
    {
        var cluster = await StartAsync(Killable);
        var silo = cluster.Silos[1];
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.Address);
        var grains = Enumerable.Range(0, 20).Select(_ => Get<ILifeGrain>(cluster)).ToArray();
        Assert.All(await Soon(Task.WhenAll(grains.Select(grain => grain.Silo()))), at => Assert.Equal(silo.Address, at));
        await cluster.KillSiloAsync(silo);

        foreach (var grain in grains)
        {
            Assert.Equal(cluster.Silos[0].Address, await EventuallyAnsweredAsync(grain.Silo));
            Assert.Equal(2, Stage.Count($"{grain.GetPrimaryKeyString()} activated"));
        }
    }

    [Fact]
    public async Task A_stopped_silo_runs_the_deactivation_hooks()
    {
        var cluster = await StartAsync(Two);
        var silo = cluster.Silos[1];
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.Address);
        var grains = Enumerable.Range(0, 5).Select(_ => Get<ILifeGrain>(cluster)).ToArray();
        await Soon(Task.WhenAll(grains.Select(grain => grain.Silo())));
        await Soon(cluster.StopSiloAsync(silo));

        Assert.All(grains, grain => Assert.Equal(1, Stage.Count($"{grain.GetPrimaryKeyString()} deactivated: ShuttingDown")));
        Assert.All(await Soon(Task.WhenAll(grains.Select(grain => grain.Silo()))), at => Assert.Equal(cluster.Silos[0].Address, at));
    }

    [Fact]
    public async Task A_stopping_silo_lets_the_turn_that_runs_end_and_sends_the_rest_on()
    {
        var cluster = await StartAsync(Two);
        var silo = cluster.Silos[1];
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.Address);
        var grain = Get<IStateGrain>(cluster);
        var running = grain.WriteTwiceWithAPause(5);
        await Stage.SeenAsync("half reached");
        var waiting = grain.Get();
        var stop = cluster.StopSiloAsync(silo);
        Stage.Open("half");

        await Soon(running);
        await Soon(stop);
        Assert.Equal(10, await Soon(waiting));
    }

    [Fact]
    public async Task A_stream_from_a_killed_silo_fails_its_reader()
    {
        var cluster = await StartAsync(Killable);
        var silo = cluster.Silos[1];
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.Address);
        await using var reader = Inside(cluster).GetGrain<IStreamGrain>(NewKey()).CountWithAPause().GetAsyncEnumerator();
        Assert.True(await Soon(reader.MoveNextAsync().AsTask()));
        var next = reader.MoveNextAsync().AsTask();
        await Stage.SeenAsync("more reached");
        await cluster.KillSiloAsync(silo);

        await Assert.ThrowsAsync<SiloUnavailableException>(() => Soon(next));
    }

    [Fact]
    public async Task A_silo_that_joins_takes_grains()
    {
        var cluster = await StartAsync();
        var joined = await cluster.StartSiloAsync();
        RequestContext.Set(IPlacementDirector.PlacementHintKey, joined.Address);

        Assert.Equal(joined.Address, await Soon(Get<IAnywhereGrain>(cluster).Silo()));
    }

    /// <summary>A client within the first silo.</summary>
    private static IGrainFactory Inside(IConformanceCluster cluster) => cluster.Silos[0].Services.GetRequiredService<IGrainFactory>();

    // Until an engine has seen that a silo is gone, its calls may fail.
    private static async Task<T> EventuallyAnsweredAsync<T>(Func<Task<T>> call)
    {
        var until = DateTime.UtcNow + Stage.Patience;
        while (true)
        {
            try
            {
                return await Soon(call());
            }
            catch (OrleansException) when (DateTime.UtcNow < until)
            {
                await Task.Delay(50);
            }
        }
    }
}
