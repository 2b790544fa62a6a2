using KVCluster.Silo.OpenAi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace KVCluster.Silo.Gateway.Health;

/// <summary>
/// What probes ask, without a key: <c>/healthz</c> (restart me?) and <c>/readyz</c> (send me requests?). The answer is one word; reasons are in
/// the log. A server that is leaving refuses everything else.
/// </summary>
internal static class HealthEndpoints
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    public static void Map(WebApplication app, ServerHealth health)
    {
        app.MapGet("/healthz", (RequestDelegate)(c => AnswerAsync(c, health.IsAlive, "ok\n", "failed\n")));
        app.MapGet("/readyz", (RequestDelegate)(c => AnswerAsync(c, health.IsReady, "ready\n", "not ready\n")));
    }

    /// <summary>Whether a path is a probe's.</summary>
    public static bool IsProbe(PathString path) => path.StartsWithSegments("/healthz") || path.StartsWithSegments("/readyz");

    /// <summary>Refuses requests once the server takes no more; those that run go on.</summary>
    public static Func<HttpContext, RequestDelegate, Task> Admission(ServerHealth health) => (context, next) =>
        health.IsClosed && !IsProbe(context.Request.Path) && !context.Request.Path.StartsWithSegments("/metrics")
            ? throw new OpenAiException(503, "server_error", "the server is stopping; send the request again", code: "stopping") { RetryAfter = RetryAfter }
            : next(context);

    private static Task AnswerAsync(HttpContext context, bool isGood, string good, string bad)
    {
        context.Response.StatusCode = isGood ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(isGood ? good : bad);
    }
}
