using KVCluster.Engine.Embedded;
using KVCluster.TestSupport;
using KVCluster.Worker;
using KVCluster.Worker.Serving;
using Orleans.Hosting;

namespace KVCluster.Client.Tests.Embedded;

/// <summary>Silos that serve the bundled model, each with a device of its own; histories in memory.</summary>
internal sealed class NeedleCluster : IAsyncDisposable
{
    private readonly List<(EmbeddedSilo Silo, DeviceWorker Worker, LocalModel Model)> _nodes = [];

    private DirectoryInfo? _folder;

    public EmbeddedCluster Engine { get; } = new(new EmbeddedClusterOptions { GrainAssemblies = [typeof(GrainOptions).Assembly] });

    public KVClusterClient Client => new(Engine.Client, new KVClusterClientOptions { Retry = new RetryOptions { FirstDelay = TimeSpan.FromMilliseconds(50) } });

    /// <param name="silos">How many.</param>
    /// <param name="template">A chat template in place of the model's own; null: its own.</param>
    public static async Task<NeedleCluster> StartAsync(int silos, string? template = null)
    {
        var cluster = new NeedleCluster();
        string path = template is null ? TestPaths.Needle : cluster.Copy(template);
        for (int i = 0; i < silos; i++)
        {
            LocalModel model = LocalModel.Open(path, new LocalModelOptions { ArenaBytes = 16 << 20, Threads = 1 });
            var worker = new DeviceWorker(model, new DeviceWorkerOptions { IdleScores = null }, null);
            EmbeddedSilo silo = await cluster.Engine.StartSiloAsync($"node-{i}", builder => builder
                .AddMemoryGrainStorage(GrainStorageNames.Sessions)
                .AddKVClusterGrains(_ => new NodeDevices([worker]), o => o.ReportPeriod = TimeSpan.FromMilliseconds(50)));
            cluster._nodes.Add((silo, worker, model));
        }

        return cluster;
    }

    public Task KillAsync(string node) => Engine.KillSiloAsync(_nodes.Single(n => n.Silo.Name == node).Silo);

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        foreach ((_, DeviceWorker worker, LocalModel model) in _nodes)
        {
            await worker.DisposeAsync();
            model.Dispose();
        }

        _folder?.Delete(recursive: true);
    }

    /// <summary>The model with another template, in a folder of its own.</summary>
    private string Copy(string template)
    {
        _folder = Directory.CreateTempSubdirectory("kvcluster-template");
        foreach (string file in Directory.GetFiles(TestPaths.Needle))
        {
            File.CreateSymbolicLink(Path.Combine(_folder.FullName, Path.GetFileName(file)), file);
        }

        File.WriteAllText(Path.Combine(_folder.FullName, "chat_template.jinja"), template);
        return _folder.FullName;
    }
}
