using KVCluster.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace KVCluster.Samples.Conversation;

/// <summary>A connection to servers that run elsewhere (kvcluster serve, built with -p:ClusterEngine=orleans).</summary>
internal sealed class Cluster : IAsyncDisposable
{
    private readonly IHost _host;

    private Cluster(IHost host) => _host = host;

    public KVClusterClient Client => _host.Services.GetRequiredService<KVClusterClient>();

    public static async Task<Cluster> ConnectAsync(string? redis)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.AddKVClusterClient(new ClusterConnection { Redis = redis ?? "127.0.0.1:6379" });
        IHost host = builder.Build();
        await host.StartAsync();
        return new Cluster(host);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}
