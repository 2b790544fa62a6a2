using System.Text;
using KVCluster.Inference.Kv;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Serving;

namespace KVCluster.Silo.Tests.Gateway;

/// <summary>A real server on a free loopback port with the bundled model and a folder of its own.</summary>
public sealed class TestServer : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvcluster-gateway").FullName;

    internal ServerHost Host { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    /// <summary>Where the OpenAI clients go.</summary>
    public Uri Endpoint => new(Host.Address, "/v1");

    public Task InitializeAsync() => StartAsync(null);

    internal async Task StartAsync(string? tenants)
    {
        List<KeyValuePair<string, string?>> settings =
        [
            new("Listen:Url", "http://127.0.0.1:0"),
            new("State:Store", _folder),
            new("Model:ArenaBytes", $"{24 << 20}"),
            new("Cold:IdleSaveSeconds", "3600"),
        ];
        if (tenants is not null)
        {
            string file = Path.Combine(_folder, "tenants.json");
            File.WriteAllText(file, tenants);
            settings.Add(new("Tenants:File", file));
        }

        Host = await ServerHost.StartAsync(SettingsReader.Read(null, settings), _ => { }, CancellationToken.None);
        Http = new HttpClient { BaseAddress = Host.Address, Timeout = TimeSpan.FromMinutes(2) };
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
    }
}
