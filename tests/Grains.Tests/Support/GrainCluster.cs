using System.Collections.Concurrent;
using KVCluster.Worker.Serving;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime.Hosting;

namespace KVCluster.Grains.Tests;

/// <summary>Silos that serve sessions, each with workers of its own.</summary>
internal sealed class GrainCluster : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, (TestSilo Silo, IDeviceWorker[] Workers)> _silos = new(StringComparer.Ordinal);
    private readonly Func<string, IDeviceWorker[]> _workers;
    private readonly Action<GrainOptions>? _configure;
    private readonly Action<IDeviceWorker> _gone;
    private readonly ITenantTerms? _terms;

    private GrainCluster(
        Func<string, IDeviceWorker[]> workers,
        Action<GrainOptions>? configure,
        TimeProvider time,
        Action<IDeviceWorker>? gone,
        ITenantTerms? terms)
    {
        _terms = terms;
        _workers = workers;
        _gone = gone ?? (_ => { });
        _configure = configure;
        Engine = new TestEngine(time);
    }

    public TestEngine Engine { get; }

    public StateStore States { get; } = new();

    public IReadOnlyCollection<string> Nodes => [.. _silos.Keys];

    public static async Task<GrainCluster> StartAsync(
        int silos,
        Func<string, IDeviceWorker[]> workers,
        Action<GrainOptions>? configure = null,
        TimeProvider? time = null,
        Action<IDeviceWorker>? gone = null,
        ITenantTerms? terms = null)
    {
        var cluster = new GrainCluster(workers, configure, time ?? TimeProvider.System, gone, terms);
        for (int i = 0; i < silos; i++)
        {
            await cluster.AddAsync($"node-{i}");
        }

        return cluster;
    }

    public async Task AddAsync(string name)
    {
        IDeviceWorker[] workers = _workers(name);
        TestSilo silo = await Engine.StartSiloAsync(name, builder =>
        {
            builder.Services.AddGrainStorage(GrainStorageNames.Sessions, (_, _) => States);
            if (_terms is not null)
            {
                builder.Services.AddSingleton(_terms);
            }

            builder.AddKVClusterGrains(_ => new NodeDevices(workers), options =>
            {
                // Tests report when they want to, and save when they want to.
                options.ReportPeriod = TimeSpan.FromHours(1);
                options.BalancePeriod = TimeSpan.FromHours(1);
                options.ReportLifetime = TimeSpan.FromHours(10);
                options.IdleSaveDelay = TimeSpan.FromHours(1);
                _configure?.Invoke(options);
            });
        });
        _silos[name] = (silo, workers);
        await ReportAsync();
    }

    public T Worker<T>(string node)
        where T : IDeviceWorker => (T)_silos[node].Workers[0];

    /// <summary>A service of a node.</summary>
    public T Service<T>(string node)
        where T : notnull => _silos[node].Silo.Services.GetRequiredService<T>();

    public ISessionGrain Session(string id, string tenant = "t") => Engine.Client.GetGrain<ISessionGrain>(SessionId.Of(tenant, id).Key);

    /// <summary>Every node reports twice, so that each knows of all.</summary>
    public async Task ReportAsync()
    {
        for (int round = 0; round < 2; round++)
        {
            foreach ((TestSilo silo, _) in _silos.Values)
            {
                // On Orleans the silo may still believe that the directory is where it was before another silo went.
                await Turns.InsistAsync(async () =>
                {
                    await silo.Services.GetRequiredService<NodeReporter>().ReportAsync(CancellationToken.None);
                    return true;
                });
            }
        }
    }

    /// <summary>The silo is gone from one moment to the next, its device with it.</summary>
    public async Task KillAsync(string node)
    {
        _silos.TryRemove(node, out var killed);
        await Engine.KillSiloAsync(killed.Silo);
        await DisposeAsync(killed.Workers);

        // On Orleans the client may still believe that the killed silo is its way in.
        await Turns.InsistAsync(async () =>
        {
            await Engine.Client.GetGrain<IDeviceDirectoryGrain>(0).Leave(node);
            return true;
        });
        await ReportAsync();
    }

    public async Task StopAsync(string node)
    {
        _silos.TryRemove(node, out var stopped);
        await Engine.StopSiloAsync(stopped.Silo);
        await DisposeAsync(stopped.Workers);
        await ReportAsync();
    }

    /// <summary>Every activation ends, as when nobody has used it for long; directories in memory start over.</summary>
    public async Task DeactivateAllAsync(ManualTime time)
    {
        using var patience = new CancellationTokenSource(Turns.Patience);
        while (!await Engine.IsIdleAsync())
        {
            patience.Token.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromMinutes(16));
            await Task.Delay(TimeSpan.FromMilliseconds(1), patience.Token);
        }

        await ReportAsync();
    }

    public NodeDrain Drain(string node) => _silos[node].Silo.Services.GetRequiredService<NodeDrain>();

    public Task<DrainReport> DrainAsync(string node) => Drain(node).DrainAsync().WaitAsync(Turns.Patience);

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        foreach ((_, IDeviceWorker[] workers) in _silos.Values)
        {
            await DisposeAsync(workers);
        }
    }

    private async Task DisposeAsync(IDeviceWorker[] workers)
    {
        foreach (IDeviceWorker worker in workers)
        {
            await worker.DisposeAsync();
            _gone(worker);
        }
    }
}
