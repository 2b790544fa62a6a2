using KVCluster.Engine.Conformance.Grains;

namespace KVCluster.Engine.Conformance.Cases;

/// <summary>Idle activations, on a silo that collects them after two seconds.</summary>
public sealed class CollectionTests : IAsyncLifetime
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);

    private IConformanceCluster _cluster = null!;

    public async Task InitializeAsync()
    {
        _cluster = await ConformanceClusters.CreateAsync(new ConformanceSettings
        {
            CollectionAge = TimeSpan.FromSeconds(2),
            CollectionQuantum = TimeSpan.FromSeconds(1),
        });
        await _cluster.StartSiloAsync("a");
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task An_idle_activation_ends_one_that_is_called_or_asked_to_stay_or_works_does_not()
    {
        ILifeGrain idle = Life("idle"), called = Life("called"), stays = Life("stays"), works = Life("works");
        Guid first = await idle.Activation().Within(), firstCalled = await called.Activation().Within(), firstStays = await stays.Activation().Within();
        await stays.Stay(TimeSpan.FromMinutes(5)).Within();
        Task work = works.Hold("a/gate");
        ITimerGrain timed = _cluster.Client.GetGrain<ITimerGrain>("keeps"), untimed = _cluster.Client.GetGrain<ITimerGrain>("does not keep");
        Guid firstTimed = await timed.Activation().Within(), firstUntimed = await untimed.Activation().Within();
        await timed.Start(Step, Step, interleave: false, keepAlive: true).Within();
        await untimed.Start(Step, Step, interleave: false, keepAlive: false).Within();

        await Eventually.HoldsAsync(_cluster, Step, async () =>
        {
            Assert.Equal(firstCalled, await called.Activation());
            Assert.Equal(0, await _cluster.Client.GetGrain<IGateGrain>("a/other").Arrived());
            await _cluster.Client.GetGrain<IGateGrain>("a/gate").Arrived();
            return (await LinesAsync("idle")).Length == 2 && (await LinesAsync("called")).Length == 1;
        });
        Assert.Equal(["begins", "ends: ActivationIdle"], await LinesAsync("idle"));
        Assert.NotEqual(first, await idle.Activation().Within());
        Assert.Equal(firstStays, await stays.Activation().Within());
        Assert.Equal(["begins"], await LinesAsync("works"));
        Assert.False(work.IsCompleted);
        Assert.Equal(firstTimed, await timed.Activation().Within());
        Assert.NotEqual(firstUntimed, await untimed.Activation().Within());
        await _cluster.Client.GetGrain<IGateGrain>("a/gate").Open().Within();
        await work.Within();
    }

    private ILifeGrain Life(string name) => _cluster.Client.GetGrain<ILifeGrain>($"a/{name}|a/journal of {name}");

    private async Task<string[]> LinesAsync(string name)
    {
        // Reading every journal each time keeps them all from being idle themselves.
        string[] names = ["idle", "called", "stays", "works"];
        string[][] lines = await Task.WhenAll(names.Select(n => _cluster.Client.GetGrain<IJournalGrain>($"a/journal of {n}").Read())).Within();
        return lines[Array.IndexOf(names, name)];
    }
}
