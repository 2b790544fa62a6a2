using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using KVCluster.Grains;
using KVCluster.Inference.Kv;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Serving;
using KVCluster.TestSupport;

namespace KVCluster.Dashboard.Tests.Support;

/// <summary>A real server with the bundled model, two nodes unless told otherwise, and a folder of its own. Stopped, it can be started again at the same address.</summary>
public sealed class DashboardServer : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvcluster-dashboard").FullName;
    private readonly int _port = LoopbackPorts.Free();
    private readonly List<KeyValuePair<string, string?>> _settings;

    public DashboardServer()
    {
        _settings =
        [
            new("Listen:Url", $"http://127.0.0.1:{_port}"),
            new("Listen:ShutdownSeconds", "5"),
            new("State:Store", _folder),
            new("Node:Count", "2"),
            new("Model:ArenaBytes", $"{8 << 20}"),
            new("Model:Threads", "1"),
            new("Cold:IdleSaveSeconds", "3600"),
        ];
    }

    internal ServerHost Host { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    public Uri Address => new($"http://127.0.0.1:{_port}/");

    public async Task InitializeAsync() => await StartAsync();

    /// <summary>Changes a setting of the next start.</summary>
    public DashboardServer With(string key, string value)
    {
        _settings.Add(new(key, value));
        return this;
    }

    /// <summary>Gives it tenants, before it is started.</summary>
    public DashboardServer WithTenants(string json)
    {
        string file = Path.Combine(_folder, "tenants.json");
        File.WriteAllText(file, json);
        return With("Tenants:File", file);
    }

    public async Task<DashboardServer> StartAsync()
    {
        Host = await ServerHost.StartAsync(SettingsReader.Read(null, _settings.AsEnumerable().Reverse().DistinctBy(s => s.Key)), _ => { }, CancellationToken.None);
        Http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(1) };
        return this;
    }

    public async Task StopAsync()
    {
        Http.Dispose();
        await Host.DisposeAsync();
    }

    public async Task DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    public async Task<JsonElement> SendAsync(HttpMethod method, string path, string? body = null, string? key = null)
    {
        using HttpResponseMessage response = await AskAsync(method, path, body, key);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {(int)response.StatusCode} {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }

    public Task<HttpResponseMessage> AskAsync(HttpMethod method, string path, string? body = null, string? key = null)
    {
        var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        return Http.SendAsync(request);
    }

    /// <summary>A session with a history of some hundred tokens and one answer, whose tokens are returned.</summary>
    public async Task<int> ConverseAsync(string id, int lines = 30, string? key = null)
    {
        await SendAsync(HttpMethod.Post, "/v1/sessions", $$"""{"id":"{{id}}"}""", key);
        string text = string.Join(' ', Enumerable.Range(0, lines).Select(i => $"The color of the house number {i} is blue."));
        JsonElement turn = await SendAsync(HttpMethod.Post, $"/v1/sessions/{id}/messages", $$$"""{"message":"{{{text}}}","sampling":{"max_tokens":8}}""", key);
        return turn.GetProperty("answer_tokens").GetInt32();
    }

    /// <summary>Sessions that the tenant's index knows and no device has.</summary>
    public async Task IndexAsync(int count, string tenant = "default")
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        for (int i = 0; i < count; i++)
        {
            var id = SessionId.Of(tenant, $"reader-{i:0000}");
            await Host.Grains.GetGrain<ITenantIndexPartGrain>(TenantParts.KeyOf(id)).Touch(new SessionSummary
            {
                Session = id.Session,
                Created = now.AddHours(-2),
                LastUsed = now.AddSeconds(-i),
                Tokens = (i * 37) % 8000,
                Node = $"node-{1 + (i % 2)}",
            });
        }
    }

    internal LedgerSnapshot Ledger(int node) => Host.Nodes[node].Worker.Status().Ledger;

    /// <summary>Waits until no turn runs and nothing is pinned.</summary>
    public async Task QuietAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (Host.Nodes.Any(n => n.Worker.Status() is not { Running: 0, Waiting: 0, Ledger.PinnedPages: 0 }))
        {
            await Task.Delay(10, limit.Token);
        }
    }
}
