using System.Globalization;
using KVCluster.Silo.OpenAi;
using KVCluster.Silo.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KVCluster.Silo.Gateway;

/// <summary>Turns whatever a request throws into an answer in OpenAI's shape; a stream that has begun ends with an error event.</summary>
internal sealed partial class GatewayErrors(RequestDelegate next, ILogger<GatewayErrors> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to read an answer.
            context.Abort();
        }
        catch (BadHttpRequestException e)
        {
            await AnswerAsync(context, new OpenAiException(e.StatusCode, "invalid_request_error", e.Message));
        }
        catch (Exception e)
        {
            OpenAiException? known = SessionErrors.Of(e);
            if (known is null)
            {
                LogFault(e, context.Request.Method, context.Request.Path);
            }

            await AnswerAsync(context, known ?? new OpenAiException(500, "server_error", "the server failed; the fault is in its log"));
        }
    }

    private static async Task AnswerAsync(HttpContext context, OpenAiException error)
    {
        GatewayMetrics.Refused(error.Type, error.Status);
        if (context.Response.HasStarted)
        {
            await new ServerSentEvents(context.Response).SendAsync(ErrorBody.Of(error), OpenAiJson.Web.ErrorBody, context.RequestAborted);
            return;
        }

        context.Response.Clear();
        context.Response.StatusCode = error.Status;
        if (error.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        if (error.Status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
        }

        await context.Response.WriteAsJsonAsync(ErrorBody.Of(error), OpenAiJson.Web.ErrorBody);
    }

    [LoggerMessage(EventId = 4001, Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private partial void LogFault(Exception error, string method, PathString path);
}
