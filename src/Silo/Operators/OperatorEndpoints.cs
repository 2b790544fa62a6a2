using System.Globalization;
using KVCluster.Grains;
using KVCluster.Silo.Gateway;
using KVCluster.Silo.OpenAi;
using KVCluster.Silo.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace KVCluster.Silo.Operators;

/// <summary>What operators read: the cluster at this instant and as a stream, a session's kept tokens, metrics.</summary>
internal sealed class OperatorEndpoints(OperatorServices services)
{
    private const int Slice = 32 << 10;
    private const int MaxViewers = 2000;
    private int _viewers;

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/cluster", (RequestDelegate)SnapshotAsync);
        app.MapGet("/v1/cluster/events", (RequestDelegate)StreamAsync);
        app.MapGet("/v1/cluster/sessions", (RequestDelegate)SessionsAsync);
        app.MapGet("/v1/cluster/sessions/{tenant}/{id}", (RequestDelegate)DetailAsync);
        app.MapPost("/v1/cluster/sessions/{tenant}/{id}/{action}", (RequestDelegate)new OperatorActions(services).SessionAsync);
        app.MapPost("/v1/cluster/devices/{node}/{device}/relieve", (RequestDelegate)new OperatorActions(services).RelieveAsync);
        app.MapGet("/metrics", (RequestDelegate)MetricsAsync);
    }

    private async Task SnapshotAsync(HttpContext context)
    {
        SessionEndpoints.Require(context, CallerRole.Reader);
        ClusterTick tick = await services.Observer.CurrentAsync(TimeSpan.Zero, TimeSpan.FromSeconds(1), context.RequestAborted);
        await WriteJsonAsync(context, SnapshotWriter.Json(tick.Snapshot, services.ScopeOf(context)));
    }

    private async Task SessionsAsync(HttpContext context)
    {
        SessionEndpoints.Require(context, CallerRole.Reader);
        await services.Observer.CurrentAsync(TimeSpan.Zero, TimeSpan.Zero, context.RequestAborted);
        string search = context.Request.Query["search"].FirstOrDefault() ?? "";
        string? order = context.Request.Query["sort"].FirstOrDefault();
        int limit = int.TryParse(context.Request.Query["limit"].FirstOrDefault() ?? "100", NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n is >= 1 and <= 10_000
            ? n
            : throw OpenAiException.Invalid("limit", "'limit' must be a whole number from 1 to 10000");
        SessionRow[] rows = [.. services.Observer.Sessions(services.ScopeOf(context)).Where(r => r.Key.Contains(search, StringComparison.OrdinalIgnoreCase))];
        IEnumerable<SessionRow> sorted = order switch
        {
            null or "bytes" => rows.OrderByDescending(r => r.Bytes),
            "tokens" => rows.OrderByDescending(r => r.Tokens),
            "used" => rows.OrderByDescending(r => r.LastUsed),
            "id" => rows.OrderBy(r => r.Key, StringComparer.Ordinal),
            _ => throw OpenAiException.Invalid("sort", "'sort' must be bytes, tokens, used or id"),
        };
        await WriteJsonAsync(context, SnapshotWriter.SessionList(sorted.Take(limit), rows.Length));
    }

    private async Task DetailAsync(HttpContext context)
    {
        SessionEndpoints.Require(context, CallerRole.Reader);
        SessionId id = services.SessionOf(context);
        bool own = id.Tenant == RequestTenant.Of(context);
        await context.Response.WriteAsJsonAsync(
            await new SessionDetails(services.Grains, services.Model).ReadAsync(id, own, context.RequestAborted),
            OperatorJson.Web.SessionDetail,
            cancellationToken: context.RequestAborted);
    }

    private async Task StreamAsync(HttpContext context)
    {
        SessionEndpoints.Require(context, CallerRole.Reader);
        if (Interlocked.Increment(ref _viewers) > MaxViewers)
        {
            Interlocked.Decrement(ref _viewers);
            throw new OpenAiException(503, "server_error", $"{MaxViewers} dashboards are open", code: "unavailable") { RetryAfter = TimeSpan.FromSeconds(10) };
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, services.Stopping);
        try
        {
            using IDisposable watching = services.Observer.Watch();
            await FollowAsync(context, ended.Token);
        }
        catch (OperationCanceledException) when (services.Stopping.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            // The server stops: the stream ends, the page says so and tries again.
        }
        finally
        {
            Interlocked.Decrement(ref _viewers);
        }
    }

    private async Task FollowAsync(HttpContext context, CancellationToken cancellationToken)
    {
        ViewScope scope = services.ScopeOf(context);
        await services.Observer.CurrentAsync(TimeSpan.Zero, TimeSpan.FromSeconds(1), cancellationToken);
        var events = new ServerSentEvents(context.Response);
        await events.StartAsync(cancellationToken);
        await events.SendAsync(HelloBody.Of(services, context), OperatorJson.Web.HelloBody, cancellationToken, "hello");
        (long number, byte[] text) = services.Observer.Beginning(scope);
        while (true)
        {
            await WriteAsync(context.Response, text, cancellationToken);
            ClusterTick next = await services.Observer.NextAsync(number, cancellationToken);
            (number, text) = next.Snapshot.Number == number + 1
                ? (next.Snapshot.Number, next.Update(scope))
                : services.Observer.Beginning(scope);
        }
    }

    /// <summary>In slices: what a slow reader has not taken stays in the shared text, not in a buffer of its own.</summary>
    private static async Task WriteAsync(HttpResponse response, byte[] text, CancellationToken cancellationToken)
    {
        for (int at = 0; at < text.Length; at += Slice)
        {
            await response.Body.WriteAsync(text.AsMemory(at, Math.Min(Slice, text.Length - at)), cancellationToken);
            await response.Body.FlushAsync(cancellationToken);
        }
    }

    private async Task MetricsAsync(HttpContext context)
    {
        SessionEndpoints.Require(context, CallerRole.Reader);
        await services.Observer.CurrentAsync(TimeSpan.Zero, null, context.RequestAborted);
        context.Response.ContentType = OpenMetricsText.ContentType;
        await context.Response.WriteAsync(OpenMetricsText.Write(services.Metrics.Collect()), context.RequestAborted);
    }

    private static async Task WriteJsonAsync(HttpContext context, byte[] json)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(json, context.RequestAborted);
    }
}
