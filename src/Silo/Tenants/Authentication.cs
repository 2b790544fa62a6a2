using System.Net.Http.Headers;
using System.Threading.RateLimiting;
using KVCluster.Silo.Dashboard;
using KVCluster.Silo.Gateway;
using KVCluster.Silo.Gateway.Health;
using KVCluster.Silo.Gateway.OpenApi;
using KVCluster.Silo.OpenAi;
using Microsoft.AspNetCore.Http;

namespace KVCluster.Silo.Tenants;

/// <summary>
/// Says whose a request is: by its bearer key where there is a tenants file; else everybody is the one tenant "default" with all rights, and
/// the server listens on loopback only.
/// </summary>
internal sealed class Authentication(TenantFile? tenants) : IDisposable
{
    /// <summary>The tenant of a server without keys.</summary>
    public const string DefaultTenant = "default";

    private static readonly Caller Everybody = new(DefaultTenant, CallerRole.Admin, Priority: 0, MaxPriority: 100);

    private readonly PartitionedRateLimiter<TenantKey> _limiter = PartitionedRateLimiter.Create<TenantKey, string>(key =>
        key.Limits.RequestsPerMinute is { } perMinute
            ? RateLimitPartition.GetTokenBucketLimiter($"{key.Caller.Tenant}/{perMinute}", _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = perMinute,
                TokensPerPeriod = Math.Max(1, perMinute / 60),
                ReplenishmentPeriod = perMinute >= 60 ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(60.0 / perMinute),
                QueueLimit = 0,
            })
            : RateLimitPartition.GetNoLimiter(key.Caller.Tenant));

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (tenants is null)
        {
            RequestTenant.Set(context, Everybody);
            await next(context);
            return;
        }

        if (IsOpen(context.Request.Path))
        {
            await next(context);
            return;
        }

        TenantKey key = KeyOf(context.Request) is { } given && tenants.Find(given) is { } found
            ? found
            : throw OpenAiException.Unauthorized("the API key is missing or unknown: send 'Authorization: Bearer KEY'");
        using RateLimitLease lease = _limiter.AttemptAcquire(key);
        if (!lease.IsAcquired)
        {
            TimeSpan wait = lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan after) ? after : TimeSpan.FromSeconds(1);
            throw OpenAiException.Busy($"tenant '{key.Caller.Tenant}' may send {key.Limits.RequestsPerMinute} requests a minute", wait);
        }

        RequestTenant.Set(context, key.Caller);
        await next(context);
    }

    public void Dispose() => _limiter.Dispose();

    /// <summary>What probes and scrapers of the node itself ask for, and the page, whose data need a key.</summary>
    private static bool IsOpen(PathString path) =>
        HealthEndpoints.IsProbe(path) || path.Equals(ApiDocumentEndpoint.Path) || DashboardFiles.IsPage(path);

    private static string? KeyOf(HttpRequest request) =>
        AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out AuthenticationHeaderValue? header)
        && string.Equals(header.Scheme, "Bearer", StringComparison.OrdinalIgnoreCase)
            ? header.Parameter
            : null;
}
