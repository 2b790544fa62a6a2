using KVCluster.Engine.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace KVCluster.Engine.Conformance.Cluster;

/// <summary>A real silo in this process, with a host of its own.</summary>
internal sealed class OrleansSilo : IOrleansSilo
{
    private readonly IHost _host;

    private OrleansSilo(IHost host, string name)
    {
        _host = host;
        Description = new ConformanceSilo(name, host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress, host.Services);
    }

    public ConformanceSilo Description { get; }

    public static async Task<OrleansSilo> StartAsync(OrleansClusterOptions cluster, ConformanceOptions options, Stage stage)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.UseOrleans(silo => SiloSetup.Configure(silo, cluster, options, stage));
        IHost host = builder.Build();
        try
        {
            await host.StartAsync().WaitAsync(Stage.Patience);
            return new OrleansSilo(host, cluster.SiloName!);
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>Whether this silo can place grains on so many silos, itself among them.</summary>
    public bool Sees(int silos)
    {
        Dictionary<SiloAddress, SiloStatus> active = _host.Services.GetRequiredService<ISiloStatusOracle>().GetApproximateSiloStatuses(onlyActive: true);
        ISiloMetadataCache metadata = _host.Services.GetRequiredService<ISiloMetadataCache>();
        return active.Count == silos
            && _host.Services.GetRequiredService<IClusterManifestProvider>().Current.Silos.Count == silos
            && active.Keys.All(silo => metadata.GetSiloMetadata(silo).Metadata.Count > 0);
    }

    /// <summary>Stops the silo as a terminated process does: hooks run, and the others know at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync().WaitAsync(Stage.Patience);
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}
