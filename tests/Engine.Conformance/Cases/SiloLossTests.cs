using KVCluster.Engine.Conformance.Grains;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Cases;

/// <summary>Silos that go, in order or not.</summary>
public sealed class SiloLossTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task A_silo_killed_in_mid_turn_fails_the_call_and_keeps_the_state_as_last_written()
    {
        await using IConformanceCluster cluster = await ConformanceClusters.CreateAsync(new ConformanceSettings());
        IConformanceSilo survivor = await cluster.StartSiloAsync("stays");
        IConformanceSilo victim = await cluster.StartSiloAsync("dies", killable: true);
        IGrainFactory client = survivor.Services.GetRequiredService<IGrainFactory>();
        IStateGrain grain = client.GetGrain<IStateGrain>("dies/state");
        IPlacedGrain place = client.GetGrain<IPlacedGrain>("dies/place");
        Assert.Equal("dies", await place.Silo().Within());
        await grain.Write(1).Within();
        Task call = await HeldAsync(cluster, gate => grain.HoldThenWrite(2, gate));

        await cluster.KillSiloAsync(victim);
        await Eventually.HoldsAsync(cluster, Step, () => Task.FromResult(call.IsCompleted));
        await Assert.ThrowsAsync<SiloUnavailableException>(() => call);
        await client.GetGrain<IGateGrain>("stays/gate").Open().Within();
        Assert.Equal(1, await UntilAnsweredAsync(cluster, grain.Read));
        Assert.Equal("stays", await UntilAnsweredAsync(cluster, place.Silo));
    }

    [Fact]
    public async Task A_client_outside_of_the_silos_sees_the_loss_or_waits_no_longer_than_for_any_call()
    {
        await using IConformanceCluster cluster = await ConformanceClusters.CreateAsync(new ConformanceSettings { ResponseTimeout = TimeSpan.FromSeconds(5) });
        await cluster.StartSiloAsync("stays");
        IConformanceSilo victim = await cluster.StartSiloAsync("dies", killable: true);
        Task call = await HeldAsync(cluster, gate => cluster.Client.GetGrain<IStateGrain>("dies/state").HoldThenWrite(2, gate));

        await cluster.KillSiloAsync(victim);
        await Eventually.HoldsAsync(cluster, Step, () => Task.FromResult(call.IsCompleted));
        Exception? error = await Record.ExceptionAsync(() => call);
        Assert.True(error is SiloUnavailableException or TimeoutException, $"{error}");
    }

    [Fact]
    public async Task A_reader_whose_stream_was_on_a_killed_silo_is_told()
    {
        await using IConformanceCluster cluster = await ConformanceClusters.CreateAsync(new ConformanceSettings());
        IConformanceSilo survivor = await cluster.StartSiloAsync("stays");
        IConformanceSilo victim = await cluster.StartSiloAsync("dies", killable: true);
        IGrainFactory client = survivor.Services.GetRequiredService<IGrainFactory>();
        await using IAsyncEnumerator<int> waiting = client.GetGrain<IStreamGrain>("dies/1").Endless("stays/journal").GetAsyncEnumerator();
        await using IAsyncEnumerator<int> pausing = client.GetGrain<IStreamGrain>("dies/2").Endless("stays/journal").GetAsyncEnumerator();
        Assert.True(await waiting.MoveNextAsync().AsTask().Within());
        Assert.True(await pausing.MoveNextAsync().AsTask().Within());
        Task next = waiting.MoveNextAsync().AsTask();

        await cluster.KillSiloAsync(victim);
        await Eventually.HoldsAsync(cluster, Step, () => Task.FromResult(next.IsCompleted));
        await Assert.ThrowsAsync<SiloUnavailableException>(() => next);
        await Assert.ThrowsAsync<EnumerationAbortedException>(() => pausing.MoveNextAsync().AsTask().Within());
    }

    [Fact]
    public async Task After_a_silo_was_killed_its_grains_have_one_activation_each_and_the_others_keep_theirs()
    {
        await using IConformanceCluster cluster = await ConformanceClusters.CreateAsync(new ConformanceSettings());
        await cluster.StartSiloAsync("stays");
        IConformanceSilo victim = await cluster.StartSiloAsync("dies", killable: true);
        IPlacedGrain[] lost = [.. Enumerable.Range(0, 10).Select(i => cluster.Client.GetGrain<IPlacedGrain>($"dies/{i}"))];
        IPlacedGrain[] kept = [.. Enumerable.Range(0, 10).Select(i => cluster.Client.GetGrain<IPlacedGrain>($"stays/{i}"))];
        Guid[] before = await Task.WhenAll(kept.Select(grain => grain.Activation())).Within();
        Guid[] gone = await Task.WhenAll(lost.Select(grain => grain.Activation())).Within();

        await cluster.KillSiloAsync(victim);
        Guid[] after = await Task.WhenAll(lost.Select(grain => UntilAnsweredAsync(cluster, grain.Activation)));
        Assert.Empty(after.Intersect(gone));
        foreach (IPlacedGrain grain in lost)
        {
            Guid[] seen = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => grain.Activation())).Within();
            Assert.Single(seen.Distinct());
            Assert.Contains(seen[0], after);
        }

        Assert.Equal(before, await Task.WhenAll(kept.Select(grain => grain.Activation())).Within());
    }

    [Fact]
    public async Task A_stopped_silo_runs_the_hooks_of_its_grains_and_they_answer_from_another()
    {
        await using IConformanceCluster cluster = await ConformanceClusters.CreateAsync(new ConformanceSettings());
        await cluster.StartSiloAsync("stays");
        IConformanceSilo leaver = await cluster.StartSiloAsync("leaves");
        ILifeGrain grain = cluster.Client.GetGrain<ILifeGrain>("leaves/life|stays/journal");
        Guid first = await grain.Activation().Within();
        await cluster.StopSiloAsync(leaver);
        Assert.NotEqual(first, await UntilAnsweredAsync(cluster, grain.Activation));
        string[] lines = await cluster.Client.GetGrain<IJournalGrain>("stays/journal").Read().Within();
        Assert.Equal(["begins", "ends: ShuttingDown", "begins"], lines);
    }

    [Fact]
    public async Task A_silo_that_joins_takes_grains()
    {
        await using IConformanceCluster cluster = await ConformanceClusters.CreateAsync(new ConformanceSettings());
        await cluster.StartSiloAsync("first");
        Assert.Equal("first", await cluster.Client.GetGrain<IPlacedGrain>("second/early").Silo().Within());
        await cluster.StartSiloAsync("second");
        Assert.Equal("second", await cluster.Client.GetGrain<IPlacedGrain>("second/late").Silo().Within());
        Assert.Equal("first", await cluster.Client.GetGrain<IPlacedGrain>("second/early").Silo().Within());
    }

    private static async Task<Task> HeldAsync(IConformanceCluster cluster, Func<string, Task> hold)
    {
        Task call = hold("stays/gate");
        IGateGrain gate = cluster.Client.GetGrain<IGateGrain>("stays/gate");
        await Eventually.HoldsAsync(cluster, Step, async () => await gate.Arrived() == 1);
        return call;
    }

    /// <summary>Until the cluster knows of the loss calls may fail; then they must not.</summary>
    private static async Task<T> UntilAnsweredAsync<T>(IConformanceCluster cluster, Func<Task<T>> call)
    {
        T? answer = default;
        await Eventually.HoldsAsync(cluster, Step, async () =>
        {
            try
            {
                answer = await call();
                return true;
            }
            catch (OrleansException)
            {
                return false;
            }
        });
        return answer!;
    }
}
