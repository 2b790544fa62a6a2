using KVCluster.Grains;
using KVCluster.Inference.Backend;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Gateway;
using KVCluster.Storage;
using KVCluster.Worker;
using KVCluster.Worker.Serving;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;

namespace KVCluster.Silo.Serving;

/// <summary>One node: its model, its device, its name.</summary>
internal sealed class ServerNode : IAsyncDisposable
{
    private ServerNode(string name, LocalModel model, DeviceWorker worker)
    {
        Name = name;
        Model = model;
        Worker = worker;
    }

    public string Name { get; }

    public LocalModel Model { get; }

    public DeviceWorker Worker { get; }

    /// <exception cref="Inference.InputException">The model cannot be opened, or a setting is wrong.</exception>
    public static ServerNode Open(
        string name, string path, ModelSettings settings, PressureSettings pressure, IBackendFactory backend, ISnapshotStore? cold)
    {
        LocalModel model = LocalModel.Open(path, new LocalModelOptions
        {
            Backend = backend,
            KvType = settings.KvType,
            ArenaBytes = settings.ArenaBytes > 0 ? settings.ArenaBytes : null,
            PageTokens = settings.PageTokens,
            MaxBatchTokens = settings.BatchTokens,
            Threads = settings.Threads > 0 ? settings.Threads : Environment.ProcessorCount,
        });
        try
        {
            var options = new DeviceWorkerOptions
            {
                Device = backend.Device,
                Node = name,
                Pressure = pressure.ToOptions(),
                MaxWaitingTurnsPerTenant = pressure.WaitingTurnsPerTenant,
            };
            return new ServerNode(name, model, new DeviceWorker(model, options, cold));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Puts the grains on a silo with these devices: none for one that only takes requests.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="workers">Its devices.</param>
    /// <param name="settings">The server's.</param>
    /// <param name="terms">What tenants are promised; null: all are alike.</param>
    public static void AddGrains(ISiloBuilder silo, IReadOnlyList<IDeviceWorker> workers, ServerSettings settings, ITenantTerms? terms)
    {
        if (terms is not null)
        {
            silo.Services.AddSingleton(terms);
        }

        silo.AddKVClusterGrains(_ => new NodeDevices(workers), options => Configure(options, settings));
    }

    public async ValueTask DisposeAsync()
    {
        await Worker.DisposeAsync();
        Model.Dispose();
    }

    private static void Configure(GrainOptions options, ServerSettings settings)
    {
        options.SingleUsePrefix = AutoSessions.Prefix;
        options.IdleSaveDelay = TimeSpan.FromSeconds(settings.Cold.IdleSaveSeconds);
        options.DrainTurns = TimeSpan.FromSeconds(settings.Listen.ShutdownSeconds);
        options.DrainHandOver = TimeSpan.FromSeconds(settings.Drain.HandOverSeconds);
    }
}
