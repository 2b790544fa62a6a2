using KVCluster.Engine.Embedded;
using Orleans;
using Orleans.Hosting;

namespace KVCluster.Grains.Tests;

/// <summary>The engine the project is built for: virtual silos, all on the test's clock.</summary>
internal sealed class TestEngine(TimeProvider time) : IAsyncDisposable
{
    private readonly EmbeddedCluster _cluster = new(new EmbeddedClusterOptions { GrainAssemblies = [typeof(SessionGrain).Assembly], TimeProvider = time });

    public IGrainFactory Client => _cluster.Client;

    public async Task<TestSilo> StartSiloAsync(string name, Action<ISiloBuilder> configure)
    {
        EmbeddedSilo silo = await _cluster.StartSiloAsync(name, configure);
        return new TestSilo(silo.Services, silo);
    }

    public Task KillSiloAsync(TestSilo silo) => _cluster.KillSiloAsync((EmbeddedSilo)silo.Handle);

    public Task StopSiloAsync(TestSilo silo) => _cluster.StopSiloAsync((EmbeddedSilo)silo.Handle);

    /// <summary>Whether nothing is active; where something is, what is idle is asked to end, or ends as time passes.</summary>
    public Task<bool> IsIdleAsync() => Task.FromResult(_cluster.Silos.All(silo => silo.ActivationCount == 0));

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();
}
