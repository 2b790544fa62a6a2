using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KVCluster.Silo.Dashboard;

/// <summary>
/// The dashboard's page: files of the assembly, under <c>/</c> and <c>/dashboard/</c>. They hold no data and need no key; what they show comes from
/// <c>/v1/cluster</c>, which does. Nothing is loaded from elsewhere, and the browser is told to refuse it.
/// </summary>
internal static class DashboardFiles
{
    private const string Prefix = "Dashboard/";
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly FrozenDictionary<string, PageFile> Files = Read();

    /// <summary>Whether a path is one of the page's files.</summary>
    public static bool IsPage(PathString path) => path == "/" || path.StartsWithSegments("/dashboard");

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/", (RequestDelegate)(context => SendAsync(context, "index.html")));
        app.MapGet("/dashboard/{**file}", (RequestDelegate)(context => SendAsync(context, (string?)context.Request.RouteValues["file"] ?? "")));
    }

    private static async Task SendAsync(HttpContext context, string name)
    {
        HttpResponse response = context.Response;
        if (!Files.TryGetValue(name, out PageFile? file))
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        response.Headers.ETag = file.Tag;
        response.Headers.CacheControl = "no-cache";
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        if (context.Request.Headers.IfNoneMatch == file.Tag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = file.Type;
        response.ContentLength = file.Content.Length;
        await response.Body.WriteAsync(file.Content, context.RequestAborted);
    }

    private static FrozenDictionary<string, PageFile> Read()
    {
        Assembly assembly = typeof(DashboardFiles).Assembly;
        var files = new Dictionary<string, PageFile>(StringComparer.Ordinal);
        foreach (string resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using Stream stream = assembly.GetManifestResourceStream(resource)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            string name = resource[Prefix.Length..].Replace('\\', '/');
            files[name] = new PageFile(content, TypeOf(name), $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}\"");
        }

        return files.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };

    private sealed record PageFile(byte[] Content, string Type, string Tag);
}
