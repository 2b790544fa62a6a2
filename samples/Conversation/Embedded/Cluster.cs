using KVCluster.Client;
using KVCluster.Engine.Embedded;
using KVCluster.Grains;
using KVCluster.Worker;
using KVCluster.Worker.Serving;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;

namespace KVCluster.Samples.Conversation;

/// <summary>A cluster in this process: one silo, one device, histories in memory.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    private readonly EmbeddedCluster _engine = new(new EmbeddedClusterOptions { GrainAssemblies = [typeof(GrainOptions).Assembly] });
    private readonly LocalModel _model;
    private readonly DeviceWorker _worker;
    private readonly ServiceProvider _services;

    private Cluster(string model)
    {
        _model = LocalModel.Open(model, new LocalModelOptions { ArenaBytes = 32 << 20 });
        _worker = new DeviceWorker(_model, new DeviceWorkerOptions(), null);
        _services = new ServiceCollection().AddKVClusterClient(_engine.Client).BuildServiceProvider();
    }

    public KVClusterClient Client => _services.GetRequiredService<KVClusterClient>();

    public static async Task<Cluster> ConnectAsync(string? model)
    {
        var cluster = new Cluster(model ?? Path.Combine("models", "needle"));
        await cluster._engine.StartSiloAsync("node", silo => silo
            .AddMemoryGrainStorage(GrainStorageNames.Sessions)
            .AddKVClusterGrains(_ => new NodeDevices([cluster._worker])));
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _engine.DisposeAsync();
        await _worker.DisposeAsync();
        _model.Dispose();
    }
}
