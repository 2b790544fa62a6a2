using KVCluster.Engine.Hosting;
using KVCluster.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;

namespace KVCluster.Engine.Conformance.OnOrleans;

/// <summary>Real silos and a real client on loopback; members, directory and states in a redis-server of the cluster's own.</summary>
internal sealed class OrleansConformanceCluster : IConformanceCluster
{
    private readonly RedisServer _redis;
    private readonly ConformanceSettings _settings;
    private readonly List<IConformanceSilo> _silos = [];
    private IHost? _client;

    private OrleansConformanceCluster(RedisServer redis, ConformanceSettings settings) => (_redis, _settings) = (redis, settings);

    public IGrainFactory Client => (_client ?? throw new InvalidOperationException("no silo was started")).Services.GetRequiredService<IClusterClient>();

    public static async Task<OrleansConformanceCluster> CreateAsync(ConformanceSettings settings) => new(await RedisServer.StartAsync(), settings);

    public async Task<IConformanceSilo> StartSiloAsync(string name, bool killable)
    {
        OrleansClusterOptions options = new()
        {
            Redis = _redis.Endpoint,
            SiloName = name,
            SiloPort = LoopbackPorts.Free(),

            // The client keeps to the silos that stay.
            GatewayPort = killable ? 0 : LoopbackPorts.Free(),
            Storages = [ConformanceSilo.Storage],
            Metadata = new Dictionary<string, string> { [ConformanceSilo.NameMetadata] = name },
        };
        IConformanceSilo silo = killable ? await SiloProcess.StartAsync(options, _settings) : await OrleansSilo.StartAsync(options, _settings);
        _silos.Add(silo);
        _client ??= await StartClientAsync();
        await SettleAsync();
        return silo;
    }

    public async Task StopSiloAsync(IConformanceSilo silo)
    {
        await EndAsync(silo);
        await SettleAsync();
    }

    public async Task KillSiloAsync(IConformanceSilo silo)
    {
        if (silo is not SiloProcess process)
        {
            throw new ArgumentException($"silo {silo.Name} was not started to be killed", nameof(silo));
        }

        await process.KillAsync();
        _silos.Remove(silo);
    }

    public Task PassAsync(TimeSpan time) => Task.Delay(time);

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.StopAsync();
            await ((IAsyncDisposable)_client).DisposeAsync();
        }

        await Task.WhenAll(_silos.ToArray().Select(EndAsync));
        await _redis.DisposeAsync();
    }

    private async Task EndAsync(IConformanceSilo silo)
    {
        await ((IAsyncDisposable)silo).DisposeAsync().AsTask().WaitAsync(Eventually.Limit);
        lock (_silos)
        {
            _silos.Remove(silo);
        }
    }

    /// <summary>Waits until the silos of this process agree on who is there.</summary>
    private Task SettleAsync() => Eventually.HoldsAsync(
        this, TimeSpan.FromMilliseconds(20), () => Task.FromResult(_silos.OfType<OrleansSilo>().All(silo => silo.Sees(_silos.Count))));

    private async Task<IHost> StartClientAsync()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.UseOrleansClient(client =>
        {
            client.UseKVCluster(new OrleansClusterOptions { Redis = _redis.Endpoint });
            client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = _settings.ResponseTimeout);
        });
        IHost host = builder.Build();
        await host.StartAsync();
        return host;
    }
}
