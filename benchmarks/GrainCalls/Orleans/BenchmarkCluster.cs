using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;

namespace KVCluster.Benchmarks.GrainCalls;

/// <summary>One Orleans silo in this process, called through its own client.</summary>
internal sealed class BenchmarkCluster : IAsyncDisposable
{
    private readonly IHost _host;

    private BenchmarkCluster(IHost host) => _host = host;

    public static string Engine => "orleans";

    public IGrainFactory Client => _host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<BenchmarkCluster> StartAsync()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.UseOrleans(silo => silo.UseLocalhostClustering().AddMemoryGrainStorage("memory"));
        IHost host = builder.Build();
        await host.StartAsync();
        return new BenchmarkCluster(host);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}
