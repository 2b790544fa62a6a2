using KVCluster.Engine.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace KVCluster.Engine.Conformance.OnOrleans;

/// <summary>A real silo in this process, with a host of its own.</summary>
internal sealed class OrleansSilo(IHost host, string name) : IConformanceSilo, IAsyncDisposable
{
    private int _stopped;

    public string Name => name;

    public SiloAddress Address { get; } = host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;

    public IServiceProvider Services => host.Services;

    /// <summary>Whether this silo can place grains on so many silos, itself among them.</summary>
    public bool Sees(int silos)
    {
        Dictionary<SiloAddress, SiloStatus> active = Services.GetRequiredService<ISiloStatusOracle>().GetApproximateSiloStatuses(onlyActive: true);
        ISiloMetadataCache metadata = Services.GetRequiredService<ISiloMetadataCache>();
        return active.Count == silos
            && Services.GetRequiredService<IClusterManifestProvider>().Current.Silos.Count == silos
            && active.Keys.All(silo => metadata.GetSiloMetadata(silo).Metadata.Count > 0);
    }

    public static async Task<OrleansSilo> StartAsync(OrleansClusterOptions options, ConformanceSettings settings)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.UseOrleans(silo =>
        {
            silo.UseKVCluster(options);
            ConformanceSilo.Configure(silo, settings);
        });
        IHost host = builder.Build();
        try
        {
            await host.StartAsync();
            return new OrleansSilo(host, options.SiloName!);
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>Ends the silo as a terminated process does: hooks run, and the others know at once.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 0)
        {
            await host.StopAsync();
            await ((IAsyncDisposable)host).DisposeAsync();
        }
    }
}
