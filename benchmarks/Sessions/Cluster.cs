using KVCluster.Engine.Embedded;
using KVCluster.Grains;
using KVCluster.Storage.Grains;
using KVCluster.Worker;
using KVCluster.Worker.Serving;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;

namespace KVCluster.Benchmarks.Sessions;

/// <summary>One silo over a device that takes no time, and a folder for its states.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    public static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(2);
    private readonly LocalModel _model;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kvcluster-benchmark-");
    private readonly StateDirectory _states;

    private Cluster(string model)
    {
        _states = new StateDirectory(_folder.FullName);
        _model = LocalModel.Open(model, new LocalModelOptions { ContextTokens = 64, Threads = 1 });
        Engine = new EmbeddedCluster(new EmbeddedClusterOptions
        {
            GrainAssemblies = [typeof(INodeDevices).Assembly],
            ConfigureSilo = silo => silo.Services.Configure<GrainCollectionOptions>(o => o.CollectionQuantum = SweepInterval),
        });
    }

    public EmbeddedCluster Engine { get; }

    public static async Task<Cluster> StartAsync(string model, bool onDisk)
    {
        var cluster = new Cluster(model);
        await cluster.Engine.StartSiloAsync("node", builder =>
        {
            _ = onDisk
                ? builder.AddDirectoryGrainStorage(GrainStorageNames.Sessions, cluster._states)
                : builder.AddMemoryGrainStorage(GrainStorageNames.Sessions);
            builder.AddKVClusterGrains(_ => new NodeDevices([new InstantWorker(cluster._model)]));
        });
        return cluster;
    }

    public ISessionGrain Session(int number) => Engine.Client.GetGrain<ISessionGrain>($"t/s{number}");

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _states.Dispose();
        _model.Dispose();
        _folder.Delete(recursive: true);
    }
}
