using KVCluster.Engine.Conformance.Cluster;
using KVCluster.Engine.Conformance.Grains;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class LifeCases : ConformanceCase
{
    [Fact]
    public async Task Racing_calls_reach_one_activation()
    {
        var cluster = await StartAsync(new ConformanceOptions { Silos = 3 });
        for (var round = 0; round < 20; round++)
        {
            var key = NewKey();
            var factories = cluster.Silos.Select(silo => (IGrainFactory)silo.Services.GetService(typeof(IGrainFactory))!).Append(cluster.Client).ToArray();
            var calls = Enumerable.Range(0, 40).Select(i => Task.Run(() => factories[i % factories.Length].GetGrain<ILifeGrain>(key).Activation()));
            var activations = await Soon(Task.WhenAll(calls));

            Assert.Single(activations.Distinct());
            Assert.Equal(1, Stage.Count($"{key} activated"));
        }
    }

    [Fact]
    public async Task An_error_of_activation_is_the_callers_and_the_next_call_tries_again()
    {
        var cluster = await StartAsync();
        var key = NewKey();
        Stage.Keep($"{key} fails", "It does not begin.");
        var grain = Get<ILifeGrain>(cluster, key);

        Assert.Contains("It does not begin.", (await Assert.ThrowsAsync<InvalidOperationException>(() => Soon(grain.Activation()))).Message);
        Assert.NotNull(await Soon(grain.Activation()));
        Assert.Equal(2, Stage.Count($"{key} activated"));
    }

    [Fact]
    public async Task Calls_wait_for_a_slow_activation()
    {
        var cluster = await StartAsync();
        var key = NewKey();
        Stage.Keep($"{key} is slow", "activation");
        var calls = Enumerable.Range(0, 5).Select(_ => Get<ILifeGrain>(cluster, key).Activation()).ToArray();
        await Stage.SeenAsync("activation reached");
        Assert.DoesNotContain(calls, call => call.IsCompleted);
        Stage.Open("activation");

        Assert.Single((await Soon(Task.WhenAll(calls))).Distinct());
    }

    [Fact]
    public async Task A_silo_stops_in_order_while_a_grain_that_minds_it_begins()
    {
        var cluster = await StartAsync();
        var (valid, beginning) = (NewKey(), NewKey());
        await Soon(Get<ILifeGrain>(cluster, valid).Activation());
        Stage.Keep($"{beginning} minds its end", "activation");
        var call = Get<ILifeGrain>(cluster, beginning).Activation();
        await Stage.SeenAsync("activation reached");
        var stopping = cluster.Silos.Single();
        await cluster.StartSiloAsync();

        await Soon(cluster.StopSiloAsync(stopping));
        Assert.Equal(1, Stage.Count($"{valid} deactivated: ShuttingDown"));
        Stage.Open("activation");
        await ((Task)call).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    [Fact]
    public async Task Deactivation_on_request_runs_the_hook_after_the_turn()
    {
        var cluster = await StartAsync();
        var grain = Get<ILifeGrain>(cluster);
        var call = grain.DeactivateThenWait("turn");
        await Stage.SeenAsync("turn reached");
        var next = grain.Activation();
        Stage.Open("turn");
        await Soon(call);
        await Soon(next);

        var key = grain.GetPrimaryKeyString();
        Assert.Equal([$"{key} activated", "turn reached", "turn passed", $"{key} deactivated: ApplicationRequested", $"{key} activated"], Stage.Journal);
    }

    [Fact]
    public async Task Timers_tick_beside_the_turn_that_an_ending_activation_waits_for()
    {
        var cluster = await StartAsync();
        var grain = Get<ILifeGrain>(cluster);
        await Soon(grain.KeepAliveByTimer(TimeSpan.FromSeconds(1), keepAlive: false));
        var call = grain.DeactivateThenWait("turn");
        await Stage.SeenAsync("turn reached");
        var key = grain.GetPrimaryKeyString();
        var ticks = Stage.Count($"{key} ticked");
        await PassUntilAsync(cluster, () => Stage.Count($"{key} ticked") >= ticks + 2);
        Stage.Open("turn");
        await Soon(call);

        await Stage.SeenAsync($"{key} deactivated: ApplicationRequested");
    }

    [Fact]
    public async Task An_idle_activation_is_collected()
    {
        var cluster = await StartAsync(new ConformanceOptions { CollectionAge = TimeSpan.FromSeconds(3) });
        var grain = Get<ILifeGrain>(cluster);
        await Soon(grain.Activation());
        await cluster.PassTimeAsync(TimeSpan.FromSeconds(6));

        await Stage.SeenAsync($"{grain.GetPrimaryKeyString()} deactivated: ActivationIdle");
    }

    [Fact]
    public async Task A_delayed_deactivation_is_not_collected_until_then()
    {
        var cluster = await StartAsync(new ConformanceOptions { CollectionAge = TimeSpan.FromSeconds(3) });
        var kept = Get<ILifeGrain>(cluster);
        var other = Get<ILifeGrain>(cluster);
        await Soon(kept.Delay(TimeSpan.FromSeconds(12)));
        await Soon(other.Activation());
        await cluster.PassTimeAsync(TimeSpan.FromSeconds(6));
        await Stage.SeenAsync($"{other.GetPrimaryKeyString()} deactivated: ActivationIdle");
        Assert.Equal(0, Stage.Count($"{kept.GetPrimaryKeyString()} deactivated: ActivationIdle"));

        await cluster.PassTimeAsync(TimeSpan.FromSeconds(10));
        await Stage.SeenAsync($"{kept.GetPrimaryKeyString()} deactivated: ActivationIdle");
    }

    [Fact]
    public async Task Only_a_timer_that_keeps_alive_counts_as_use()
    {
        var cluster = await StartAsync(new ConformanceOptions { CollectionAge = TimeSpan.FromSeconds(3) });
        var kept = Get<ILifeGrain>(cluster);
        var other = Get<ILifeGrain>(cluster);
        await Soon(kept.KeepAliveByTimer(TimeSpan.FromSeconds(1), keepAlive: true));
        await Soon(other.KeepAliveByTimer(TimeSpan.FromSeconds(1), keepAlive: false));
        for (var second = 1; second <= 6; second++)
        {
            await PassUntilAsync(cluster, () => Stage.Count($"{kept.GetPrimaryKeyString()} ticked") >= second);
        }

        await Stage.SeenAsync($"{other.GetPrimaryKeyString()} deactivated: ActivationIdle");
        Assert.Equal(0, Stage.Count($"{kept.GetPrimaryKeyString()} deactivated: ActivationIdle"));
    }
}
