using KVCluster.Grains;
using KVCluster.Inference.Kv;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Serving;
using KVCluster.Silo.Tenants;
using Microsoft.Extensions.Logging;

namespace KVCluster.Silo.Demo;

/// <summary>A whole server in this process for one way, with a folder of its own that is gone with it.</summary>
internal sealed class DemoServer : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly ServerHost _host;

    private DemoServer(DirectoryInfo folder, ServerHost host)
    {
        _folder = folder;
        _host = host;
    }

    public IReadOnlyList<ServerNode> Nodes => _host.Nodes;

    /// <summary>Where HTTP is served meanwhile.</summary>
    public Uri Address => _host.Address;

    public static async Task<DemoServer> StartAsync(DemoSettings settings, DemoWay way, long nodeBytes, CancellationToken cancellationToken)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kvcluster-demo-");
        try
        {
            ServerSettings server = SettingsReader.Read(null, Settings(settings, way, nodeBytes, folder.FullName));
            return new DemoServer(folder, await ServerHost.StartAsync(server, logging => logging.ClearProviders(), cancellationToken));
        }
        catch
        {
            folder.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>A conversation's session.</summary>
    public ISessionGrain Session(DemoConversation conversation) =>
        _host.Grains.GetGrain<ISessionGrain>(new SessionId(Authentication.DefaultTenant, conversation.Name).Key);

    /// <summary>The allocator's last round.</summary>
    public Task<AllocatorReport> AllocatorAsync(CancellationToken cancellationToken) =>
        _host.Grains.GetGrain<IAllocatorGrain>(0).Status(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static IEnumerable<KeyValuePair<string, string?>> Settings(DemoSettings settings, DemoWay way, long nodeBytes, string folder)
    {
        yield return new("Listen:Url", "http://127.0.0.1:0");
        yield return new("Node:Count", $"{settings.Nodes}");
        yield return new("Model:Path", settings.Model.Path);
        yield return new("Model:KvType", settings.Model.KvType.ToString());
        yield return new("Model:ArenaBytes", $"{nodeBytes}");
        yield return new("Model:Threads", $"{Math.Max(1, settings.Model.Threads / settings.Nodes)}");
        yield return new("State:Store", folder);
        yield return new("Cold:Store", way.CompressesByItself ? settings.Redis ?? "none" : "none");
        yield return new("Cold:IdleSaveSeconds", "1");
        yield return new("Pressure:Enabled", $"{way.CompressesByItself}");

        // Small models compute so fast that leaving would nearly always be cheaper than dropping anything: here all shall stay.
        yield return new("Pressure:MillisecondsPerPercent", "1");
    }
}
