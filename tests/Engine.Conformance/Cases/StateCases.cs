using KVCluster.Engine.Conformance.Cluster;
using KVCluster.Engine.Conformance.Grains;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class StateCases : ConformanceCase
{
    [Fact]
    public async Task Written_state_is_read_by_the_next_activation()
    {
        var cluster = await StartAsync();
        var grain = Get<IStateGrain>(cluster);
        await Soon(grain.SetAndWrite(5));
        var first = await Soon(grain.Activation());
        await Soon(grain.Deactivate());

        Assert.Equal(5, await Soon(grain.Get()));
        Assert.NotEqual(first, await Soon(grain.Activation()));
    }

    [Fact]
    public async Task Unwritten_state_ends_with_its_activation()
    {
        var cluster = await StartAsync();
        var grain = Get<IStateGrain>(cluster);
        await Soon(grain.SetAndWrite(5));
        await Soon(grain.Set(6));
        await Soon(grain.Deactivate());

        Assert.Equal(5, await Soon(grain.Get()));
    }

    [Fact]
    public async Task Written_state_survives_all_silos()
    {
        var cluster = await StartAsync();
        var key = "any key: /\\%\"äßA a..." + NewKey();
        await Soon(Get<IStateGrain>(cluster, key).SetAndWrite(5));
        var old = cluster.Silos.Single();
        await cluster.StartSiloAsync();
        await cluster.StopSiloAsync(old);

        Assert.Equal(5, await Soon(Get<IStateGrain>(cluster, key).Get()));
    }

    [Fact]
    public async Task A_state_without_a_record_is_new()
    {
        var cluster = await StartAsync();
        var grain = Get<IStateGrain>(cluster);

        Assert.Equal((false, null), await Soon(grain.Record()));
        Assert.Equal(0, await Soon(grain.Get()));
    }

    [Fact]
    public async Task Every_write_has_another_etag()
    {
        var cluster = await StartAsync();
        var grain = Get<IStateGrain>(cluster);
        await Soon(grain.SetAndWrite(1));
        var first = await Soon(grain.Record());
        await Soon(grain.SetAndWrite(2));
        var second = await Soon(grain.Record());

        Assert.True(first.Exists && second.Exists);
        Assert.NotNull(first.ETag);
        Assert.NotEqual(first.ETag, second.ETag);
    }

    [Fact]
    public async Task A_cleared_state_is_gone()
    {
        var cluster = await StartAsync();
        var grain = Get<IStateGrain>(cluster);
        await Soon(grain.SetAndWrite(5));
        await Soon(grain.Clear());
        Assert.False((await Soon(grain.Record())).Exists);
        await Soon(grain.Deactivate());

        Assert.Equal(0, await Soon(grain.Get()));
        await Soon(grain.SetAndWrite(6));
        Assert.Equal(6, await Soon(grain.ReadAgain()));
    }

    [Fact]
    public async Task Of_two_writers_the_second_is_refused_and_its_activation_ends()
    {
        var cluster = await StartAsync();
        var grain = Get<IStateGrain>(cluster);
        await Soon(grain.SetAndWrite(5));
        var activation = await Soon(grain.Activation());
        await WriteBehindItsBackAsync(cluster, grain, 7);

        await Assert.ThrowsAsync<InconsistentStateException>(() => Soon(grain.SetAndWrite(6)));

        Assert.Equal(7, await Soon(grain.Get()));
        Assert.NotEqual(activation, await Soon(grain.Activation()));
        await Stage.SeenAsync($"{grain.GetPrimaryKeyString()} deactivated: ApplicationError");
    }

    [Fact]
    public async Task A_writer_that_knows_no_record_is_refused_where_there_is_one()
    {
        var cluster = await StartAsync();
        var grain = Get<IStateGrain>(cluster);
        await Soon(grain.Get());
        await WriteBehindItsBackAsync(cluster, grain, 7);

        await Assert.ThrowsAsync<InconsistentStateException>(() => Soon(grain.SetAndWrite(6)));
    }

    [Fact]
    public async Task A_writer_that_reads_again_may_write_again()
    {
        var cluster = await StartAsync();
        var grain = Get<IStateGrain>(cluster);
        await Soon(grain.SetAndWrite(5));
        await WriteBehindItsBackAsync(cluster, grain, 7);

        Assert.Equal(7, await Soon(grain.ReadAgain()));
        await Soon(grain.SetAndWrite(8));
        Assert.Equal(8, await Soon(grain.ReadAgain()));
    }

    [Fact]
    public async Task Of_two_writes_at_once_the_later_is_refused()
    {
        var cluster = await StartAsync();
        var grain = Get<IStateGrain>(cluster);
        await Soon(grain.SetAndWrite(5));

        await Assert.ThrowsAsync<InconsistentStateException>(() => Soon(grain.WriteTwiceAtOnce()));
        Assert.Equal(5, await Soon(grain.Get()));
    }

    private static async Task WriteBehindItsBackAsync(IConformanceCluster cluster, IStateGrain grain, int value)
    {
        var storage = cluster.Silos[0].Services.GetRequiredKeyedService<IGrainStorage>("conformance");
        var state = new GrainState<CounterState>(new CounterState());
        await storage.ReadStateAsync("counter", grain.GetGrainId(), state);
        state.State!.Value = value;
        await storage.WriteStateAsync("counter", grain.GetGrainId(), state);
    }
}
