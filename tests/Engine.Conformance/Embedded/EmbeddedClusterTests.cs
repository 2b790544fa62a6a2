using KVCluster.Engine.Conformance.Cluster;
using KVCluster.Engine.Conformance.Grains;
using KVCluster.Engine.Embedded;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Embedded;

public sealed class EmbeddedClusterTests
{
    private static readonly Stage Stage = new();

    [Fact]
    public async Task A_call_without_a_silo_says_so()
    {
        await using var cluster = NewCluster();

        await Assert.ThrowsAsync<SiloUnavailableException>(() => cluster.Client.GetGrain<ILifeGrain>("a").Activation());
    }

    [Fact]
    public async Task An_interface_without_a_class_is_refused_by_name()
    {
        await using var cluster = NewCluster();

        Assert.Contains(nameof(INobodysGrain), Assert.Throws<ArgumentException>(() => cluster.Client.GetGrain<INobodysGrain>("a")).Message);
        Assert.Contains(nameof(ITurnGrain), Assert.Throws<ArgumentException>(() => cluster.Client.GetGrain<ITurnGrain>("a")).Message);
        Assert.Throws<ArgumentException>(() => cluster.Client.GetGrain<ILifeGrain>(""));
    }

    [Fact]
    public async Task A_prefix_of_the_class_chooses_among_several()
    {
        await using var cluster = NewCluster();
        await cluster.StartSiloAsync();
        var grain = cluster.Client.GetGrain<ITurnGrain>("a", typeof(ReentrantTurnGrain).FullName);

        Assert.Equal(GrainId.Create("reentrantturn", "a"), grain.GetGrainId());
        Assert.Equal("x", await grain.Echo("x"));
    }

    [Fact]
    public async Task Hosted_services_start_and_stop_with_their_silo()
    {
        var service = new RecordingService();
        await using var cluster = NewCluster();
        var silo = await cluster.StartSiloAsync("one", builder => builder.Services.AddSingleton<IHostedService>(_ => service));
        Assert.Equal(["started"], service.Events);
        await cluster.StopSiloAsync(silo);

        Assert.Equal(["started", "stopped", "disposed"], service.Events);
        Assert.Empty(cluster.Silos);
        Assert.False(silo.IsRunning);
    }

    [Fact]
    public async Task A_killed_silo_stops_no_service_in_order_but_gives_everything_back()
    {
        var service = new RecordingService();
        await using var cluster = NewCluster();
        var silo = await cluster.StartSiloAsync("one", builder => builder.Services.AddSingleton<IHostedService>(_ => service));
        await cluster.KillSiloAsync(silo);
        await cluster.KillSiloAsync(silo);

        Assert.Equal(["started", "disposed"], service.Events);
    }

    [Fact]
    public async Task A_silo_whose_service_does_not_start_is_not_there()
    {
        var service = new RecordingService { Fails = true };
        await using var cluster = NewCluster();

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => cluster.StartSiloAsync("one", builder => builder.Services.AddSingleton<IHostedService>(_ => service)));
        Assert.Empty(cluster.Silos);
        Assert.Equal(["disposed"], service.Events);
        await cluster.StartSiloAsync("one");
    }

    [Fact]
    public async Task A_name_that_is_taken_is_refused()
    {
        await using var cluster = NewCluster();
        var first = await cluster.StartSiloAsync("one");
        await Assert.ThrowsAsync<ArgumentException>(() => cluster.StartSiloAsync("one"));
        await cluster.StopSiloAsync(first);

        Assert.NotEqual(first.SiloAddress, (await cluster.StartSiloAsync("one")).SiloAddress);
    }

    [Fact]
    public async Task States_in_memory_are_shared_by_the_silos()
    {
        await using var cluster = NewCluster();
        var first = await cluster.StartSiloAsync();
        await cluster.Client.GetGrain<ITallyGrain>("a").Increment();
        await cluster.StartSiloAsync();
        await cluster.StopSiloAsync(first);

        Assert.Equal(2, await cluster.Client.GetGrain<ITallyGrain>("a").Increment());
    }

    [Fact]
    public async Task A_storage_that_the_silo_lacks_is_named()
    {
        await using var cluster = NewCluster();
        await cluster.StartSiloAsync();

        var error = await Assert.ThrowsAsync<Orleans.Storage.BadProviderConfigException>(() => cluster.Client.GetGrain<IStateGrain>("a").Get());
        Assert.Contains("\"conformance\"", error.Message);
    }

    [Fact]
    public async Task Ten_thousand_idle_activations_take_less_than_two_KiB_each()
    {
        await using var cluster = NewCluster();
        await cluster.StartSiloAsync();
        await cluster.Client.GetGrain<ITallyGrain>("warm").Get();
        var before = Settled();
        for (var i = 0; i < 10_000; i++)
        {
            await cluster.Client.GetGrain<ITallyGrain>($"tenant/session-{i:D12}").Get();
        }

        Assert.InRange((Settled() - before) / 10_000, 100, 2048);
    }

    private static EmbeddedCluster NewCluster() => new(new EmbeddedClusterOptions
    {
        GrainAssemblies = [typeof(EmbeddedClusterTests).Assembly],
        ConfigureSilo = silo =>
        {
            silo.AddMemoryGrainStorage("memory");
            silo.Services.AddSingleton(Stage);
        },
    });

    private static long Settled()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private interface INobodysGrain : IGrainWithStringKey;

    private sealed class RecordingService : IHostedService, IDisposable
    {
        public List<string> Events { get; } = [];

        public bool Fails { get; init; }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            if (Fails)
            {
                throw new InvalidOperationException("It does not start.");
            }

            Events.Add("started");
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            Events.Add("stopped");
            return Task.CompletedTask;
        }

        public void Dispose() => Events.Add("disposed");
    }
}
