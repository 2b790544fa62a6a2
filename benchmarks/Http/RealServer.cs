using KVCluster.Silo.Configuration;
using KVCluster.Silo.Serving;

namespace KVCluster.Benchmarks.Http;

/// <summary>A whole server with a model and a folder of its own.</summary>
internal sealed class RealServer : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kvcluster-benchmark-");

    public ServerHost Host { get; private set; } = null!;

    public static async Task<RealServer> StartAsync(string model, int threads)
    {
        var server = new RealServer();
        server.Host = await ServerHost.StartAsync(
            SettingsReader.Read(
                null,
                [
                    new("Listen:Url", "http://127.0.0.1:0"),
                    new("State:Store", server._folder.FullName),
                    new("Cold:Store", "none"),
                    new("Model:Path", Path.GetFullPath(model)),
                    new("Model:Name", "m"),
                    new("Model:Threads", $"{threads}"),
                    new("Model:ArenaBytes", $"{256L << 20}"),
                ]),
            _ => { },
            CancellationToken.None);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
