using KVCluster.Grains;
using KVCluster.Silo.Gateway;
using KVCluster.Silo.OpenAi;
using Microsoft.AspNetCore.Http;

namespace KVCluster.Silo.Operators;

/// <summary>What administrators do from the dashboard. The session is named with its tenant, so that operators may act on those of others.</summary>
internal sealed class OperatorActions(OperatorServices services)
{
    /// <summary>Compresses, makes whole, demotes, moves or closes a session.</summary>
    public async Task SessionAsync(HttpContext context)
    {
        SessionEndpoints.Require(context, CallerRole.Admin);
        SessionId id = services.SessionOf(context);
        RequestTrace.Session(context, id);
        ISessionGrain session = services.Grains.GetGrain<ISessionGrain>(id.Key);
        string action = (string)context.Request.RouteValues["action"]!;
        CancellationToken gone = context.RequestAborted;
        RequestFields fields = await SessionRequests.ReadAsync(context.Request, gone);
        switch (action)
        {
            case "compress":
                var cut = new CompressRequest { Policy = fields.Text("policy") ?? CompressRequest.DefaultPolicy, Keep = fields.Number("keep", 0, 1) ?? throw fields.Missing("keep") };
                fields.RequireAllRead();
                await session.Compress(cut, gone);
                break;
            case "make-whole":
                fields.RequireAllRead();
                await session.MakeWhole(gone);
                break;
            case "demote":
                fields.RequireAllRead();
                await session.Demote(gone);
                break;
            case "move":
                string node = fields.RequiredText("node");
                fields.RequireAllRead();
                await session.Move(node, gone);
                break;
            case "close":
                fields.RequireAllRead();
                await session.Close(gone);
                break;
            default:
                throw OpenAiException.NotFound($"there is no action '{action}': compress, make-whole, demote, move, close");
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>Has a device act against memory pressure at once.</summary>
    public async Task RelieveAsync(HttpContext context)
    {
        SessionEndpoints.Require(context, CallerRole.Admin);
        string key = $"{context.Request.RouteValues["node"]}/{context.Request.RouteValues["device"]}";
        await services.Grains.GetGrain<ICompressionGrain>(key).Relieve(context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}
