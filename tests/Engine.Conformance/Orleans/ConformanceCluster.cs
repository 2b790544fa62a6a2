using KVCluster.Engine.Hosting;
using KVCluster.TestSupport;
using KVCluster.TestSupport.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace KVCluster.Engine.Conformance.Cluster;

/// <summary>Real silos and a real client on loopback and a real clock; members, directory and states in a redis-server of the cluster's own.</summary>
internal sealed class ConformanceCluster : IConformanceCluster
{
    private static readonly TimeSpan Patience = Stage.Patience;
    private static readonly TimeSpan GatewayRefresh = TimeSpan.FromMilliseconds(250);

    private readonly ConformanceOptions _options;
    private readonly Stage _stage;
    private readonly RedisServer _redis;
    private readonly List<IOrleansSilo> _silos = [];
    private IHost? _client;
    private int _lastSilo;

    private ConformanceCluster(ConformanceOptions options, Stage stage, RedisServer redis) => (_options, _stage, _redis) = (options, stage, redis);

    public IGrainFactory Client => _client!.Services.GetRequiredService<IClusterClient>();

    public IReadOnlyList<ConformanceSilo> Silos => [.. _silos.Select(silo => silo.Description)];

    public static async Task<IConformanceCluster> StartAsync(ConformanceOptions options, Stage stage)
    {
        ConformanceCluster cluster = new(options, stage, await RedisServer.StartAsync());
        try
        {
            for (int i = 0; i < options.Silos; i++)
            {
                await cluster.AddSiloAsync();
            }

            cluster._client = await cluster.StartClientAsync();
            await cluster.SettleAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async Task<ConformanceSilo> StartSiloAsync()
    {
        IOrleansSilo silo = await AddSiloAsync();
        await SettleAsync();
        return silo.Description;
    }

    public async Task StopSiloAsync(ConformanceSilo silo)
    {
        IOrleansSilo stopping = Take(silo);
        await stopping.DisposeAsync();
        await SettleAsync();
        await ClientSettlesAsync();
    }

    public async Task KillSiloAsync(ConformanceSilo silo)
    {
        SiloProcess process = Take(silo) as SiloProcess
            ?? throw new ArgumentException($"{silo.Name} has no process of its own; set {nameof(ConformanceOptions.Killable)}.", nameof(silo));
        await process.DisposeAsync();
    }

    public Task PassTimeAsync(TimeSpan time) => Task.Delay(time);

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.StopAsync();
            await ((IAsyncDisposable)_client).DisposeAsync();
        }

        await Task.WhenAll(_silos.Select(silo => silo.DisposeAsync().AsTask()));
        await _redis.DisposeAsync();
    }

    private async Task<IOrleansSilo> AddSiloAsync()
    {
        bool inProcessOfItsOwn = _options.Killable && _lastSilo > 0;
        OrleansClusterOptions options = SiloSetup.Options(
            _redis.Address, $"silo{_lastSilo++}", LoopbackPorts.Free(),

            // The client keeps to silos that stay.
            inProcessOfItsOwn ? 0 : LoopbackPorts.Free());
        IOrleansSilo silo = inProcessOfItsOwn
            ? await SiloProcess.StartAsync(options, _options, _stage)
            : await OrleansSilo.StartAsync(options, _options, _stage);
        _silos.Add(silo);
        return silo;
    }

    private IOrleansSilo Take(ConformanceSilo silo)
    {
        IOrleansSilo taken = _silos.Single(other => other.Description.Address.Equals(silo.Address));
        _silos.Remove(taken);
        return taken;
    }

    /// <summary>Waits until the silos of this process agree on who is there.</summary>
    private Task SettleAsync() => Stage.EventuallyAsync(
        () => _silos.OfType<OrleansSilo>().All(silo => silo.Sees(_silos.Count)), () => $"{_silos.Count} silos that know of each other");

    /// <summary>Waits until the client has found a gateway that is there.</summary>
    private async Task ClientSettlesAsync()
    {
        bool answered = false;
        while (!answered)
        {
            try
            {
                await Client.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true).WaitAsync(Patience);
                answered = true;
            }
            catch (OrleansException)
            {
                await Task.Delay(GatewayRefresh);
            }
        }
    }

    private async Task<IHost> StartClientAsync()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.UseOrleansClient(client =>
        {
            client.UseKVCluster(new OrleansClusterOptions { Redis = _redis.Address });
            client.Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = GatewayRefresh);
            client.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = _options.ResponseTimeout);
        });
        IHost host = builder.Build();
        await host.StartAsync().WaitAsync(Patience);
        return host;
    }
}
