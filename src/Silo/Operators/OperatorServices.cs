using KVCluster.Grains;
using KVCluster.Silo.Configuration;
using KVCluster.Silo.Gateway;
using KVCluster.Silo.OpenAi;
using KVCluster.Silo.Serving;
using KVCluster.Silo.Telemetry;
using KVCluster.Silo.Tenants;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orleans;

namespace KVCluster.Silo.Operators;

/// <summary>What the dashboard, its endpoints and the metrics of one server share.</summary>
internal sealed class OperatorServices : IAsyncDisposable
{
    private readonly TelemetrySettings _settings;
    private readonly OtlpExport? _export;
    private readonly CancellationTokenSource _stopping = new();

    /// <param name="settings">Who sees what, and where telemetry goes.</param>
    /// <param name="nodes">Names of this process's nodes.</param>
    /// <param name="grains">The cluster's client.</param>
    /// <param name="model">The model served.</param>
    /// <param name="tenants">Keys; null: there are none.</param>
    /// <param name="cold">What the cold store holds; null: there is none.</param>
    /// <param name="loggers">Where logs go.</param>
    public OperatorServices(
        TelemetrySettings settings,
        IReadOnlyList<string> nodes,
        IGrainFactory grains,
        ServedModel model,
        TenantFile? tenants,
        ColdUsage? cold,
        ILoggerFactory loggers)
    {
        _settings = settings;
        HasKeys = tenants is not null;
        Grains = grains;
        Model = model;
        Metrics = new MetricReader(TelemetrySources.Meters);
        _export = OtlpExport.Start(settings, nodes[0]);
        Observer = new ClusterObserver(
            grains, () => tenants?.Tenants() ?? [Authentication.DefaultTenant], cold, TimeProvider.System, loggers.CreateLogger<ClusterObserver>());
        ClusterMetrics.Add(Observer, nodes);
    }

    /// <summary>Whether callers are told apart.</summary>
    public bool HasKeys { get; }

    public IGrainFactory Grains { get; }

    public ServedModel Model { get; }

    public ClusterObserver Observer { get; }

    public MetricReader Metrics { get; }

    /// <summary>Cancelled when the server begins to stop: streams end.</summary>
    public CancellationToken Stopping => _stopping.Token;

    public ViewScope ScopeOf(HttpContext context)
    {
        Caller caller = RequestTenant.Caller(context);
        bool operates = HasKeys && caller.Role == CallerRole.Admin && _settings.OperatorTenant.Length > 0 && caller.Tenant == _settings.OperatorTenant;
        return new ViewScope(caller.Tenant, operates || !HasKeys);
    }

    /// <summary>The session a path names.</summary>
    /// <exception cref="OpenAiException">It is not the caller's to see: as if it were not there.</exception>
    public SessionId SessionOf(HttpContext context)
    {
        string tenant = (string)context.Request.RouteValues["tenant"]!;
        string id = (string)context.Request.RouteValues["id"]!;
        return SessionId.IsValid(tenant) && SessionId.IsValid(id) && ScopeOf(context).Sees(tenant)
            ? SessionId.Of(tenant, id)
            : throw OpenAiException.NotFound("no such session", code: "session_not_found");
    }

    /// <summary>The server begins to stop.</summary>
    public void Stop() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        ClusterMetrics.Remove(Observer);
        await Observer.DisposeAsync();
        Metrics.Dispose();
        _export?.Dispose();
    }
}
