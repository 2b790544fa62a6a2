using System.Net.Sockets;
using KVCluster.Grains;
using KVCluster.Inference;
using KVCluster.Inference.Backend;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Gateway;
using KVCluster.Silo.Gateway.Health;
using KVCluster.Silo.Models;
using KVCluster.Silo.Operators;
using KVCluster.Silo.Tenants;
using KVCluster.Storage;
using KVCluster.Worker;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;

namespace KVCluster.Silo.Serving;

/// <summary>A whole server in this process: nodes with their devices, the cluster of grains, the HTTP front.</summary>
internal sealed class ServerHost : IAsyncDisposable
{
    private readonly Stack<Func<ValueTask>> _undo = new();
    private readonly List<ServerNode> _nodes = [];
    private NodeCluster? _cluster;
    private ServerHealth? _health;

    private ServerHost(ServerSettings settings) => Settings = settings;

    public ServerSettings Settings { get; }

    public IReadOnlyList<ServerNode> Nodes => _nodes;

    public IGrainFactory Grains => _cluster!.Grains;

    /// <summary>Where HTTP is served.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>The id of the model served.</summary>
    public string ModelName { get; private set; } = "";

    /// <summary>Starts everything; what was started is stopped again where a later part fails.</summary>
    /// <param name="settings">What to serve and where.</param>
    /// <param name="logging">Where logs go.</param>
    /// <param name="cancellationToken">Gives up the start.</param>
    /// <exception cref="InputException">A setting or a file is wrong.</exception>
    public static async Task<ServerHost> StartAsync(ServerSettings settings, Action<ILoggingBuilder> logging, CancellationToken cancellationToken)
    {
        var host = new ServerHost(settings);
        try
        {
            await host.RunAsync(logging, cancellationToken);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Leaves in order: not ready, then no more requests; running turns end within the settings' time, caches go to other nodes or to the cold
    /// store; then everything stops.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        while (_undo.TryPop(out Func<ValueTask>? undo))
        {
            await undo();
        }
    }

    private async Task RunAsync(Action<ILoggingBuilder> logging, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        ILoggerFactory loggers = LoggerFactory.Create(logging);
        _undo.Push(() => Sync(loggers.Dispose));
        TenantFile? tenants = Settings.Tenants.File.Length > 0 ? OpenTenants(loggers, time) : null;
        ILogger<ServerHost> log = loggers.CreateLogger<ServerHost>();
        ISnapshotStore? cold = ColdStores.Open(Settings, time, fault => ServerLog.ColdKeysKept(log, fault), _undo);
        ColdUsage? usage = ColdUsage.Of(cold, time);
        string path = Settings.Model.Path.Length > 0 ? Settings.Model.Path : BundledModel.Find();
        ModelName = Settings.Model.Name.Length > 0 ? Settings.Model.Name : NameOf(path);
        string[] names = [.. Enumerable.Range(0, Math.Max(1, Settings.Node.Count)).Select(NodeName)];

        // All of them before the first is opened, which may take minutes.
        IBackendFactory[] backends = [.. Enumerable.Range(0, Settings.Node.Count).Select(i => Backends.Of(Settings.Model, i))];
        for (int i = 0; i < Settings.Node.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ServerNode node = ServerNode.Open(names[i], path, Settings.Model, Settings.Pressure, backends[i], cold);
            _nodes.Add(node);
            _undo.Push(node.DisposeAsync);
        }

        TenantFileTerms? terms = tenants is null ? null : new TenantFileTerms(tenants);
        _cluster = await NodeCluster.StartAsync(Settings, names, _nodes, terms, logging, cancellationToken);
        _undo.Push(_cluster.DisposeAsync);
        CloseUnused(tenants, loggers, time);
        ModelText text = _nodes.Count > 0 ? ModelText.Of(_nodes[0].Model) : ModelText.Open(path);
        var served = new ServedModel(ModelName, text, time.GetUtcNow());
        _health = new ServerHealth(_nodes);
        var operators = new OperatorServices(Settings.Telemetry, names, Grains, served, tenants, usage, loggers);
        _undo.Push(operators.DisposeAsync);
        WebApplication app = GatewayApp.Build(Settings.Listen, Grains, served, tenants, _health, operators, logging);
        _undo.Push(app.DisposeAsync);
        await ListenAsync(app, cancellationToken);
        _undo.Push(async () => await app.StopAsync());
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    private async Task ListenAsync(WebApplication app, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            throw new InputException($"'{Settings.Listen.Url}' cannot be listened on: {e.GetBaseException().Message}", e);
        }
    }

    private void CloseUnused(TenantFile? tenants, ILoggerFactory loggers, TimeProvider time)
    {
        if (Settings.Sessions.UnnamedUnusedHours == 0)
        {
            return;
        }

        var unused = new UnusedSessions(
            Grains,
            () => tenants?.Tenants() ?? [Authentication.DefaultTenant],
            TimeSpan.FromHours(Settings.Sessions.UnnamedUnusedHours),
            time,
            loggers.CreateLogger<UnusedSessions>());
        unused.Start();
        _undo.Push(unused.DisposeAsync);
    }

    private async Task LeaveAsync()
    {
        if (_health is not { IsClosed: false } health || _cluster is null)
        {
            return;
        }

        health.Leave();
        await Task.Delay(TimeSpan.FromSeconds(Settings.Drain.DelaySeconds));
        health.Close();
        await _cluster.DrainAsync();
    }

    private TenantFile OpenTenants(ILoggerFactory loggers, TimeProvider time)
    {
        ILogger logger = loggers.CreateLogger<TenantFile>();
        return TenantFile.Open(Settings.Tenants.File, time, fault => ServerLog.TenantsKept(logger, fault));
    }

    /// <exception cref="InputException">The name has characters that a device's name cannot have.</exception>
    private string NodeName(int index)
    {
        if (Settings.Node.Name.Length > 0 && !SessionId.IsValid(Settings.Node.Name))
        {
            throw new InputException(
                $"setting 'Node:Name' must be 1 to {SessionId.MaxLength} of A-Z, a-z, 0-9, '.', '_', ':', '-', not '{Settings.Node.Name}'");
        }

        string name = Settings.Node.Name.Length > 0 ? Settings.Node.Name : Settings.Node.Count > 0 ? "node" : "gateway";
        return Settings.Node.Count <= 1 && Settings.Node.Name.Length > 0 ? name : $"{name}-{index + 1}";
    }

    private static string NameOf(string path)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        return name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) ? name[..^5] : name;
    }

    private static ValueTask Sync(Action action)
    {
        action();
        return ValueTask.CompletedTask;
    }
}
