using KVCluster.Engine.Embedded;
using Orleans;

namespace KVCluster.Benchmarks.GrainCalls;

/// <summary>One virtual silo in this process, called through the cluster's client.</summary>
internal sealed class EngineHost(EmbeddedCluster cluster) : IAsyncDisposable
{
    public const string Name = "embedded";

    public IGrainFactory Grains => cluster.Client;

    public static async Task<EngineHost> StartAsync()
    {
        EmbeddedCluster cluster = new(new EmbeddedClusterOptions { GrainAssemblies = [typeof(EmptyGrain).Assembly] });
        await cluster.StartSiloAsync();
        return new EngineHost(cluster);
    }

    public ValueTask DisposeAsync() => cluster.DisposeAsync();
}
