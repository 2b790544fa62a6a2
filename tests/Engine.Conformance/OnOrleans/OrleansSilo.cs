using KVCluster.Engine.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.OnOrleans;

/// <summary>A real silo in this process, with a host of its own.</summary>
internal sealed class OrleansSilo : IAsyncDisposable
{
    private readonly IHost _host;
    private int _stopped;

    private OrleansSilo(IHost host) => _host = host;

    public IServiceProvider Services => _host.Services;

    public SiloAddress Address => Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;

    public static async Task<OrleansSilo> StartAsync(OrleansClusterOptions options, Action<ISiloBuilder>? configure)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.UseOrleans(silo =>
        {
            silo.UseKVCluster(options);
            configure?.Invoke(silo);
        });
        IHost host = builder.Build();
        try
        {
            await host.StartAsync();
            return new OrleansSilo(host);
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>Ends the silo as a terminated process does: hooks run, and the others know at once.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 0)
        {
            await _host.StopAsync(cancellationToken);
            await ((IAsyncDisposable)_host).DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);
}
