using KVCluster.Grains;
using KVCluster.Silo.OpenAi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Orleans;

namespace KVCluster.Silo.Gateway.Files;

/// <summary>Sessions to files and back.</summary>
internal sealed class SessionFileEndpoints(IGrainFactory grains)
{
    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/sessions/{id}/export", (RequestDelegate)ExportAsync);
        app.MapPost("/v1/sessions/{id}/import", (RequestDelegate)ImportAsync);
    }

    private async Task ExportAsync(HttpContext context)
    {
        SessionEndpoints.Require(context, CallerRole.User);
        SessionId id = SessionEndpoints.IdOf(context);
        byte[] file = SessionFile.Write(await grains.GetGrain<ISessionGrain>(id.Key).Export(context.RequestAborted));
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = file.Length;
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{id.Session.Replace(':', '_')}.kvsession.json\"";
        await context.Response.Body.WriteAsync(file, context.RequestAborted);
    }

    private async Task ImportAsync(HttpContext context)
    {
        SessionEndpoints.Require(context, CallerRole.User);
        SessionId id = SessionEndpoints.IdOf(context);
        SessionRequests.RequireOwnId(id.Session);
        SessionExport export = SessionFile.Read(await JsonBody.BytesAsync(context.Request, context.RequestAborted));
        int priority = Math.Min(export.Options.Priority, RequestTenant.Caller(context).MaxPriority);
        export = export with { Options = export.Options with { Priority = priority } };
        try
        {
            SessionInfo info = await grains.GetGrain<ISessionGrain>(id.Key).Import(export, context.RequestAborted);
            context.Response.StatusCode = StatusCodes.Status201Created;
            context.Response.Headers.Location = $"/v1/sessions/{id.Session}";
            await SessionEndpoints.WriteAsync(context, info);
        }
        catch (ModelMismatchException e)
        {
            throw OpenAiException.Invalid(null, e.Message, "model_mismatch");
        }
    }
}
