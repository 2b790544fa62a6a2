using KVCluster.Engine.Conformance.Grains;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace KVCluster.Engine.Conformance.Cases;

public sealed class StateTests(SharedCluster shared) : SharedClusterCase(shared)
{
    private IStateGrain NewGrain() => Client.GetGrain<IStateGrain>($"a/{NewKey()}");

    [Fact]
    public async Task A_state_never_written_is_a_fresh_one_and_does_not_exist()
    {
        IStateGrain grain = NewGrain();
        Assert.Equal(0, await grain.Read().Within());
        Assert.False(await grain.Exists().Within());
    }

    [Fact]
    public async Task What_was_written_outlives_the_activation_and_what_was_not_does_not()
    {
        IStateGrain grain = NewGrain();
        await grain.Write(1).Within();
        await grain.SetOnly(2).Within();
        Guid first = await grain.Activation().Within();
        await grain.Leave().Within();
        await AnotherActivationAsync(grain, first);
        Assert.Equal(1, await grain.Read().Within());
        Assert.True(await grain.Exists().Within());
    }

    [Fact]
    public async Task A_cleared_state_is_gone()
    {
        IStateGrain grain = NewGrain();
        await grain.Write(1).Within();
        await grain.Clear().Within();
        Assert.False(await grain.Exists().Within());
        Assert.Equal(0, await grain.Read().Within());
        await grain.Write(3).Within();
        Assert.Equal(3, await grain.Read().Within());
    }

    [Fact]
    public async Task Of_two_writers_of_one_state_the_second_is_refused()
    {
        GrainId id = NewGrain().GetGrainId();
        IGrainStorage storage = Silos.A.Services.GetRequiredKeyedService<IGrainStorage>(ConformanceSilo.Storage);
        GrainState<NumberState> one = new(new NumberState()), two = new(new NumberState());
        await storage.ReadStateAsync("number", id, one).Within();
        await storage.ReadStateAsync("number", id, two).Within();
        one.State!.Value = 1;
        two.State!.Value = 2;
        await storage.WriteStateAsync("number", id, one).Within();
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("number", id, two).Within());
        one.State.Value = 3;
        await storage.WriteStateAsync("number", id, one).Within();
        await storage.ReadStateAsync("number", id, two).Within();
        Assert.Equal(3, two.State!.Value);
        Assert.Equal(one.ETag, two.ETag);
    }

    [Fact]
    public async Task An_activation_whose_state_another_has_written_fails_its_write_and_gives_way()
    {
        IStateGrain grain = NewGrain();
        await grain.Write(1).Within();
        Guid first = await grain.Activation().Within();
        IGrainStorage storage = Silos.B.Services.GetRequiredKeyedService<IGrainStorage>(ConformanceSilo.Storage);
        GrainState<NumberState> other = new(new NumberState());
        await storage.ReadStateAsync("number", grain.GetGrainId(), other).Within();
        other.State!.Value = 50;
        await storage.WriteStateAsync("number", grain.GetGrainId(), other).Within();

        await Assert.ThrowsAsync<InconsistentStateException>(() => grain.Write(2).Within());
        await AnotherActivationAsync(grain, first);
        Assert.Equal(50, await grain.Read().Within());
        await grain.Write(51).Within();
    }

    private Task AnotherActivationAsync(IStateGrain grain, Guid first) =>
        Eventually.HoldsAsync(Cluster, TimeSpan.FromMilliseconds(10), async () => await grain.Activation() != first);
}
