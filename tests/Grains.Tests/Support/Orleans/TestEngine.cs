using KVCluster.Engine.Hosting;
using KVCluster.TestSupport;
using KVCluster.TestSupport.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Runtime.Messaging;

namespace KVCluster.Grains.Tests;

/// <summary>
/// The engine the project is built for: real silos in this process, their members and directory in a redis-server. Grains and their collection go
/// by the test's clock, the runtime by the real one.
/// </summary>
internal sealed class TestEngine(TimeProvider time) : IAsyncDisposable
{
    private static readonly string[] RealClocks =
        [TimeProviderNames.Messaging, TimeProviderNames.SystemTimers, TimeProviderNames.Membership, TimeProviderNames.GrainDirectory];

    private readonly List<IHost> _silos = [];
    private RedisServer? _redis;
    private IHost? _client;

    /// <summary>A client outside of the silos: it outlives each of them.</summary>
    public IGrainFactory Client => _client!.Services.GetRequiredService<IClusterClient>();

    public async Task<TestSilo> StartSiloAsync(string name, Action<ISiloBuilder> configure)
    {
        _redis ??= await RedisServer.StartAsync();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.UseOrleans(silo =>
        {
            silo.UseKVCluster(new OrleansClusterOptions
            {
                Redis = _redis.Address,
                SiloName = name,
                SiloPort = LoopbackPorts.Free(),
                GatewayPort = LoopbackPorts.Free(),
            });
            silo.Services.AddSingleton(time);
            foreach (string key in RealClocks)
            {
                silo.Services.AddKeyedSingleton(key, TimeProvider.System);
            }

            configure(silo);
        });
        IHost host = builder.Build();
        _silos.Add(host);
        await host.StartAsync().WaitAsync(Turns.Patience);
        _client ??= await StartClientAsync(_redis.Address);
        await SettleAsync();
        return new TestSilo(host.Services, host);
    }

    /// <summary>Ends a silo without waiting for what it does. Within one process that is as near to a kill as it gets: hooks may run.</summary>
    public Task KillSiloAsync(TestSilo silo) => EndAsync((IHost)silo.Handle, new CancellationToken(true));

    public Task StopSiloAsync(TestSilo silo) => EndAsync((IHost)silo.Handle, CancellationToken.None);

    /// <summary>Whether no grain of the product is active; those that are idle are asked to end.</summary>
    public async Task<bool> IsIdleAsync()
    {
        IManagementGrain management = Client.GetGrain<IManagementGrain>(0);
        await management.ForceActivationCollection(TimeSpan.Zero);
        SimpleGrainStatistic[] active = await management.GetSimpleGrainStatistics();
        return active.All(grains => grains.ActivationCount == 0 || !grains.GrainType.Contains(nameof(KVCluster), StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.StopAsync().WaitAsync(Turns.Patience);
            await ((IAsyncDisposable)_client).DisposeAsync();
        }

        foreach (IHost silo in _silos.ToArray().Reverse())
        {
            await EndAsync(silo, CancellationToken.None);
        }

        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }
    }

    private static async Task<IHost> StartClientAsync(string redis)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.UseOrleansClient(client =>
        {
            client.UseKVCluster(new OrleansClusterOptions { Redis = redis });
            client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromMilliseconds(250));
            client.AddOutgoingGrainCallFilter(SendAsync);
        });
        IHost host = builder.Build();
        await host.StartAsync().WaitAsync(Turns.Patience);
        return host;
    }

    /// <summary>
    /// Sends a call again that found no way into the cluster: the client hears some time after the silos that one of them is gone, and what could not
    /// be sent did not run.
    /// </summary>
    private static async Task SendAsync(IOutgoingGrainCallContext call)
    {
        using CancellationTokenSource patience = new(Turns.Patience);
        while (true)
        {
            try
            {
                await call.Invoke();
                if (call.Response?.Exception is not ConnectionFailedException)
                {
                    return;
                }
            }
            catch (ConnectionFailedException) when (!patience.IsCancellationRequested)
            {
            }

            await Task.Delay(10, patience.Token);
        }
    }

    private async Task EndAsync(IHost silo, CancellationToken cancellationToken)
    {
        _silos.Remove(silo);
        try
        {
            await silo.StopAsync(cancellationToken).WaitAsync(Turns.Patience, CancellationToken.None);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }

        await ((IAsyncDisposable)silo).DisposeAsync();
        await SettleAsync();
    }

    private async Task SettleAsync()
    {
        using CancellationTokenSource patience = new(Turns.Patience);
        while (!_silos.All(Sees))
        {
            await Task.Delay(10, patience.Token);
        }
    }

    private bool Sees(IHost silo) =>
        silo.Services.GetRequiredService<ISiloStatusOracle>().GetApproximateSiloStatuses(onlyActive: true).Count == _silos.Count
        && silo.Services.GetRequiredService<IClusterManifestProvider>().Current.Silos.Count == _silos.Count;
}
