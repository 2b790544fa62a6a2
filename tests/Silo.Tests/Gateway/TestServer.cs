using System.Text;
using KVCluster.Inference.Kv;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Serving;
using Microsoft.Extensions.Logging;

namespace KVCluster.Silo.Tests.Gateway;

/// <summary>A real server on a free loopback port with the bundled model and a folder of its own.</summary>
public class TestServer : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvcluster-gateway").FullName;

    /// <summary>Settings beside those that every test's server has.</summary>
    private protected virtual IEnumerable<KeyValuePair<string, string?>> MoreSettings => [];

    /// <summary>Where it keeps its conversations.</summary>
    private protected string Folder => _folder;

    internal ServerHost Host { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    /// <summary>Faults that the server logged as its own.</summary>
    internal FaultLog Faults { get; } = new();

    /// <summary>Where the OpenAI clients go.</summary>
    public Uri Endpoint => new(Host.Address, "/v1");

    public Task InitializeAsync() => StartAsync(null);

    internal async Task StartAsync(string? tenants)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Listen:Url"] = "http://127.0.0.1:0",
            ["State:Store"] = _folder,
            ["Model:ArenaBytes"] = $"{24 << 20}",
            ["Cold:IdleSaveSeconds"] = "3600",
        };
        foreach ((string key, string? value) in MoreSettings)
        {
            settings[key] = value;
        }

        if (tenants is not null)
        {
            string file = Path.Combine(_folder, "tenants.json");
            File.WriteAllText(file, tenants);
            settings["Tenants:File"] = file;
        }

        Host = await ServerHost.StartAsync(SettingsReader.Read(null, settings), logging => logging.AddProvider(Faults), CancellationToken.None);
        Http = new HttpClient { BaseAddress = Host.Address, Timeout = TimeSpan.FromMinutes(2) };
    }

    /// <summary>Stops the server, which saves its caches, and starts another on the same folder.</summary>
    internal async Task RestartAsync()
    {
        Http.Dispose();
        await Host.DisposeAsync();
        await StartAsync(null);
    }

    public async Task DisposeAsync()
    {
        Http.Dispose();
        await Host.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    public Task<HttpResponseMessage> PostAsync(string path, string body) =>
        Http.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));

    /// <summary>Waits until no turn runs and nothing is pinned, then checks every count of the arena.</summary>
    public async Task RequireQuietAsync()
    {
        KvPool pool = Host.Nodes[0].Model.Backend.Pool;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (Host.Nodes[0].Worker.Status() is not { Running: 0, Waiting: 0, Ledger.PinnedPages: 0 })
        {
            await Task.Delay(10, limit.Token);
        }

        pool.CheckIntegrity();
        Assert.Empty(Faults.Errors);
    }
}
