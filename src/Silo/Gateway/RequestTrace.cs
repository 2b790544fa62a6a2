using System.Diagnostics;
using KVCluster.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace KVCluster.Silo.Gateway;

/// <summary>The request's own span, which ASP.NET Core begins and ends.</summary>
internal static class RequestTrace
{
    /// <summary>Names the span by method and route, as OpenTelemetry's conventions have it: few names, and no ids in them.</summary>
    public static Task NameAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IHttpActivityFeature>() is { Activity: { } span })
        {
            string? route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
            span.DisplayName = route is null || route.StartsWith("{*", StringComparison.Ordinal) ? context.Request.Method : $"{context.Request.Method} {route}";
        }

        return next(context);
    }

    /// <summary>Notes which session the request is about, as the spans below it do.</summary>
    public static void Session(HttpContext context, SessionId session) => context.Features.Get<IHttpActivityFeature>()?.Activity
        .SetTag("kvcluster.tenant", session.Tenant)
        .SetTag("kvcluster.session", session.Session);
}
