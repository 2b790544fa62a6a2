using KVCluster.Engine.Embedded;
using Orleans.Hosting;

namespace KVCluster.Benchmarks.GrainCalls;

/// <summary>One silo of the embedded engine.</summary>
internal sealed class BenchmarkCluster : IAsyncDisposable
{
    private readonly EmbeddedCluster _cluster;

    private BenchmarkCluster(EmbeddedCluster cluster) => _cluster = cluster;

    public static string Engine => "embedded";

    public IGrainFactory Client => _cluster.Client;

    public static async Task<BenchmarkCluster> StartAsync()
    {
        var cluster = new EmbeddedCluster(new EmbeddedClusterOptions
        {
            GrainAssemblies = [typeof(BenchmarkCluster).Assembly],
            ConfigureSilo = silo => silo.AddMemoryGrainStorage("memory"),
        });
        await cluster.StartSiloAsync();
        return new BenchmarkCluster(cluster);
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();
}
