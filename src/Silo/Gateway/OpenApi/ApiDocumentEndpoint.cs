using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KVCluster.Silo.Gateway.OpenApi;

/// <summary>Serves the OpenAPI document, made when first asked for.</summary>
internal static class ApiDocumentEndpoint
{
    public const string Path = "/openapi/v1.json";

    public static void Map(IEndpointRouteBuilder app, string model)
    {
        var document = new Lazy<byte[]>(() => Encoding.UTF8.GetBytes(ApiDocument.Of(model)));
        app.MapGet(Path, (RequestDelegate)(async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(document.Value, context.RequestAborted);
        }));
    }
}
