using System.Globalization;
using KVCluster.Grains;
using KVCluster.Silo.OpenAi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Orleans;
using SessionOptions = KVCluster.Grains.SessionOptions;

namespace KVCluster.Silo.Gateway;

/// <summary>The sessions API: conversations by name, for operators and for clients that keep their own sessions.</summary>
internal sealed class SessionEndpoints(IGrainFactory grains)
{
    private const int DefaultPage = 100;

    /// <summary>Seconds of a day.</summary>
    private const int LongestPin = 24 * 3600;

    public void Map(IEndpointRouteBuilder app)
    {
        RouteGroupBuilder sessions = app.MapGroup("/v1/sessions");
        sessions.MapPost("", (RequestDelegate)CreateAsync);
        sessions.MapGet("", (RequestDelegate)ListAsync);
        sessions.MapGet("/{id}", (RequestDelegate)ShowAsync);
        sessions.MapDelete("/{id}", (RequestDelegate)CloseAsync);
        sessions.MapGet("/{id}/history", (RequestDelegate)HistoryAsync);
        sessions.MapPost("/{id}/messages", (RequestDelegate)SayAsync);
        sessions.MapPost("/{id}/append", (RequestDelegate)AppendAsync);
        sessions.MapPost("/{id}/cancel", (RequestDelegate)CancelAsync);
        sessions.MapPost("/{id}/fork", (RequestDelegate)ForkAsync);
        sessions.MapPost("/{id}/move", (RequestDelegate)MoveAsync);
        sessions.MapPost("/{id}/compress", (RequestDelegate)CompressAsync);
        sessions.MapPost("/{id}/pin", (RequestDelegate)PinAsync);
        sessions.MapPost("/{id}/make-whole", (RequestDelegate)MakeWholeAsync);
        sessions.MapPost("/{id}/demote", (RequestDelegate)DemoteAsync);
        app.MapGet("/v1/nodes", (RequestDelegate)NodesAsync);
    }

    private async Task CreateAsync(HttpContext context)
    {
        Require(context, CallerRole.User);
        (string? id, SessionOptions options) = SessionRequests.Create(
            await SessionRequests.ReadAsync(context.Request, context.RequestAborted), RequestTenant.Caller(context));
        var name = SessionId.Of(RequestTenant.Of(context), id ?? Guid.CreateVersion7().ToString("N"));
        RequestTrace.Session(context, name);
        SessionInfo info = await grains.GetGrain<ISessionGrain>(name.Key).Create(options, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.Headers.Location = $"/v1/sessions/{name.Session}";
        await WriteAsync(context, info);
    }

    private async Task ListAsync(HttpContext context)
    {
        Require(context, CallerRole.Reader);
        string? after = context.Request.Query["after"].FirstOrDefault();
        int limit = Number(context, "limit", DefaultPage, 1, 1000);
        SessionPage page = await grains.GetGrain<ITenantIndexGrain>(RequestTenant.Of(context)).List(after, limit, context.RequestAborted);
        var body = new SessionList(
            [.. page.Sessions.Select(s => new SessionLine(s.Session, s.Created, s.LastUsed, s.Tokens, s.Node, s.Parent))], page.Next);
        await context.Response.WriteAsJsonAsync(body, SessionJson.Web.SessionList, cancellationToken: context.RequestAborted);
    }

    private async Task ShowAsync(HttpContext context)
    {
        Require(context, CallerRole.Reader);
        await WriteAsync(context, await Grain(context).Describe(context.RequestAborted));
    }

    private async Task CloseAsync(HttpContext context)
    {
        Require(context, CallerRole.User);
        await Grain(context).Close(context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task HistoryAsync(HttpContext context)
    {
        Require(context, CallerRole.Reader);
        int start = Number(context, "start", 0, 0, int.MaxValue);
        int count = Number(context, "count", int.MaxValue, 0, int.MaxValue);
        HistorySlice slice = await Grain(context).ReadHistory(start, count, context.RequestAborted);
        await context.Response.WriteAsJsonAsync(
            new HistoryBody(slice.Start, slice.Total, slice.Tokens, slice.Text), SessionJson.Web.HistoryBody, cancellationToken: context.RequestAborted);
    }

    private async Task SayAsync(HttpContext context)
    {
        Require(context, CallerRole.User);
        CancellationToken gone = context.RequestAborted;
        RequestFields fields = await SessionRequests.ReadAsync(context.Request, gone);
        GenerateRequest request = SessionRequests.Generate(fields, RequestTenant.IdempotencyKey(context), out bool stream);
        ServerSentEvents? events = null;
        TurnResult? result = null;
        await foreach (TokenChunk chunk in MovingSessions.FollowAsync(() => Grain(context).Generate(request, gone), request.IdempotencyKey is not null, gone))
        {
            result = chunk.Result;
            if (!stream)
            {
                continue;
            }

            if (events is null)
            {
                events = new ServerSentEvents(context.Response);
                await events.StartAsync(gone);
            }

            if (chunk.Text.Length > 0 || chunk.Tokens.Length > 0)
            {
                await events.SendAsync(new PieceBody(chunk.Text, chunk.Tokens), SessionJson.Web.PieceBody, gone, "piece");
            }
        }

        TurnBody body = TurnBody.Of(result!);
        await (events is null
            ? context.Response.WriteAsJsonAsync(body, SessionJson.Web.TurnBody, cancellationToken: gone)
            : events.SendAsync(body, SessionJson.Web.TurnBody, gone, "turn"));
    }

    private async Task AppendAsync(HttpContext context)
    {
        Require(context, CallerRole.User);
        RequestFields fields = await SessionRequests.ReadAsync(context.Request, context.RequestAborted);
        AppendRequest request = SessionRequests.Append(fields, RequestTenant.IdempotencyKey(context));
        TurnResult result = await MovingSessions.FollowAsync(
            () => Grain(context).Append(request, context.RequestAborted), request.IdempotencyKey is not null, context.RequestAborted);
        await context.Response.WriteAsJsonAsync(TurnBody.Of(result), SessionJson.Web.TurnBody, cancellationToken: context.RequestAborted);
    }

    private async Task CancelAsync(HttpContext context)
    {
        Require(context, CallerRole.User);
        bool any = await Grain(context).Cancel(context.RequestAborted);
        context.Response.StatusCode = any ? StatusCodes.Status202Accepted : StatusCodes.Status204NoContent;
    }

    private async Task ForkAsync(HttpContext context)
    {
        Require(context, CallerRole.User);
        RequestFields fields = await SessionRequests.ReadAsync(context.Request, context.RequestAborted);
        var request = new ForkRequest { Session = fields.RequiredText("session"), Tokens = fields.Count("tokens", 0, int.MaxValue) };
        fields.RequireAllRead();
        SessionRequests.RequireOwnId(request.Session, "session");
        SessionInfo info = await Grain(context).Fork(request, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status201Created;
        await WriteAsync(context, info);
    }

    private async Task MoveAsync(HttpContext context)
    {
        Require(context, CallerRole.Admin);
        RequestFields fields = await SessionRequests.ReadAsync(context.Request, context.RequestAborted);
        string node = fields.RequiredText("node");
        fields.RequireAllRead();
        await Grain(context).Move(node, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    private async Task CompressAsync(HttpContext context)
    {
        Require(context, CallerRole.User);
        RequestFields fields = await SessionRequests.ReadAsync(context.Request, context.RequestAborted);
        var request = new CompressRequest
        {
            Policy = fields.Text("policy") ?? CompressRequest.DefaultPolicy,
            Keep = fields.Number("keep", 0, 1) ?? throw fields.Missing("keep"),
        };
        fields.RequireAllRead();
        await WriteAsync(context, await Grain(context).Compress(request, context.RequestAborted));
    }

    private async Task PinAsync(HttpContext context)
    {
        Require(context, CallerRole.User);
        RequestFields fields = await SessionRequests.ReadAsync(context.Request, context.RequestAborted);
        int seconds = fields.Count("seconds", 0, LongestPin) ?? throw fields.Missing("seconds");
        fields.RequireAllRead();
        var request = new PinRequest { Duration = TimeSpan.FromSeconds(seconds) };
        await WriteAsync(context, await Grain(context).Pin(request, context.RequestAborted));
    }

    private async Task MakeWholeAsync(HttpContext context)
    {
        Require(context, CallerRole.User);
        await WriteAsync(context, await Grain(context).MakeWhole(context.RequestAborted));
    }

    private async Task DemoteAsync(HttpContext context)
    {
        Require(context, CallerRole.Admin);
        await WriteAsync(context, await Grain(context).Demote(context.RequestAborted));
    }

    private async Task NodesAsync(HttpContext context)
    {
        Require(context, CallerRole.Reader);
        NodeReport[] nodes = await grains.GetGrain<IDeviceDirectoryGrain>(0).List(context.RequestAborted);
        IReadOnlyList<NodeBody> body = [.. nodes.Select(n => new NodeBody(n.Node, [.. n.Devices.Select(DeviceBody.Of)]))];
        await context.Response.WriteAsJsonAsync(body, SessionJson.Web.IReadOnlyListNodeBody, cancellationToken: context.RequestAborted);
    }

    private ISessionGrain Grain(HttpContext context)
    {
        SessionId session = IdOf(context);
        RequestTrace.Session(context, session);
        return grains.GetGrain<ISessionGrain>(session.Key);
    }

    /// <summary>The session that the path names, of the caller's tenant.</summary>
    /// <exception cref="InvalidRequestException">The id is not valid.</exception>
    public static SessionId IdOf(HttpContext context) => SessionId.Of(RequestTenant.Of(context), (string)context.Request.RouteValues["id"]!);

    public static Task WriteAsync(HttpContext context, SessionInfo info) =>
        context.Response.WriteAsJsonAsync(SessionBody.Of(info), SessionJson.Web.SessionBody, cancellationToken: context.RequestAborted);

    private static int Number(HttpContext context, string name, int standard, int least, int most)
    {
        string? text = context.Request.Query[name].FirstOrDefault();
        return text is null ? standard
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most ? number
            : throw OpenAiException.Invalid(name, $"'{name}' must be a whole number from {least} to {most}");
    }

    /// <exception cref="OpenAiException">The caller's role is too low.</exception>
    public static void Require(HttpContext context, CallerRole role)
    {
        if (RequestTenant.Caller(context).Role < role)
        {
            throw new OpenAiException(403, "permission_error", $"this key may not do that: it needs the role '{role.ToString().ToLowerInvariant()}'");
        }
    }
}
