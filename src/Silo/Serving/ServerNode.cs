using KVCluster.Grains;
using KVCluster.Silo.Configuration;
using KVCluster.Storage;
using KVCluster.Worker;
using KVCluster.Worker.Serving;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;

namespace KVCluster.Silo.Serving;

/// <summary>One node: its model, its device, its name.</summary>
internal sealed class ServerNode : IAsyncDisposable
{
    private readonly IColdUsage? _cold;

    private ServerNode(string name, LocalModel model, DeviceWorker worker, IColdUsage? cold)
    {
        _cold = cold;
        Name = name;
        Model = model;
        Worker = worker;
    }

    public string Name { get; }

    public LocalModel Model { get; }

    public DeviceWorker Worker { get; }

    /// <exception cref="Inference.InputException">The model cannot be opened.</exception>
    public static ServerNode Open(string name, string path, ModelSettings settings, ISnapshotStore? cold, IColdUsage? usage)
    {
        LocalModel model = LocalModel.Open(path, new LocalModelOptions
        {
            KvType = settings.KvType,
            ArenaBytes = settings.ArenaBytes > 0 ? settings.ArenaBytes : null,
            PageTokens = settings.PageTokens,
            MaxBatchTokens = settings.BatchTokens,
            Threads = settings.Threads > 0 ? settings.Threads : Environment.ProcessorCount,
        });
        try
        {
            return new ServerNode(name, model, new DeviceWorker(model, new DeviceWorkerOptions { Node = name }, cold), usage);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Puts the grains on the node's silo.</summary>
    public void AddTo(ISiloBuilder silo, ServerSettings settings)
    {
        if (_cold is not null)
        {
            silo.Services.AddSingleton(_cold);
        }

        silo.AddKVClusterGrains(_ => new NodeDevices([Worker]), o => o.IdleSaveDelay = TimeSpan.FromSeconds(settings.Cold.IdleSaveSeconds));
    }

    public async ValueTask DisposeAsync()
    {
        await Worker.DisposeAsync();
        Model.Dispose();
    }
}
