using System.Diagnostics;
using KVCluster.Worker.Serving.Device;

namespace KVCluster.Worker.Serving.Telemetry;

/// <summary>
/// Spans of turns: one a turn, its phases (queue, attach, prefill, decode), and below prefill and decode the device's steps in stretches
/// (<see cref="StepStretches"/>). All but the first are written when the turn has ended, and none where the caller's trace is not sampled.
/// Steps serve several turns at once: each turn's trace shows the same step, with how many turns it served.
/// </summary>
internal static class WorkerTrace
{
    public const string SourceName = "KVCluster.Worker";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>The span that a call to the worker came in; the default where there is none.</summary>
    public static ActivityContext Caller => Activity.Current?.Context ?? default;

    /// <summary>The span of a turn below its caller's; null where nobody records.</summary>
    public static Activity? Begin(TurnRequest request, string device)
    {
        Activity? caller = Activity.Current;
        Activity? span = Source.StartActivity("worker.turn", ActivityKind.Internal, request.Trace, SessionTags(request));
        Activity.Current = caller;
        return span?.SetTag("kvcluster.device", device);
    }

    /// <summary>Where the turn's steps are noted; null where nobody records.</summary>
    public static StepStretches? Steps(Activity? span) => span is { IsAllDataRequested: true } ? new StepStretches() : null;

    /// <summary>The turn has ended. Called on the device's thread, which must not keep a current span.</summary>
    public static void End(Turn turn, DeviceParts parts, Exception? error)
    {
        if (turn.Span is not { } span)
        {
            return;
        }

        if (span.IsAllDataRequested)
        {
            Phases(turn, span, parts);
        }

        if (error is not null)
        {
            span.SetStatus(ActivityStatusCode.Error, error.GetType().Name);
        }

        span.Stop();
        Activity.Current = null;
        if (turn.Session is { } session)
        {
            session.LastTrace = span.Context;
        }
    }

    private static void Phases(Turn turn, Activity span, DeviceParts parts)
    {
        long now = parts.Now;
        DateTime wall = DateTime.UtcNow;
        DateTime Time(long stamp) => wall - TimeSpan.FromSeconds(parts.Seconds(stamp, now));
        long started = turn.StartedAt == 0 ? now : turn.StartedAt;
        Write(turn, span.Context, "worker.queue", Time(turn.ArrivedAt), Time(started));
        if (turn.AttachSince != 0 && turn.Attach is { } attach)
        {
            Write(
                turn,
                span.Context,
                "worker.attach",
                Time(turn.AttachSince),
                Time(turn.AttachSince) + TimeSpan.FromSeconds(attach.Seconds),
                Tag("kvcluster.attach.source", attach.Source.ToString()),
                Tag("kvcluster.attach.cached_tokens", attach.CachedTokens),
                Tag("kvcluster.attach.recomputed_tokens", attach.RecomputedTokens));
        }

        if (turn.StartedAt == 0)
        {
            return;
        }

        long first = turn.FirstTokenAt == 0 ? now : turn.FirstTokenAt;
        ActivityContext prefill = Write(turn, span.Context, "worker.prefill", Time(started), Time(first), Tag("gen_ai.usage.input_tokens", turn.Request.Prompt.Length));
        ActivityContext decode = turn.FirstTokenAt == 0
            ? prefill
            : Write(turn, span.Context, "worker.decode", Time(first), Time(now), Tag("gen_ai.usage.output_tokens", turn.Answer?.Count ?? 0));
        foreach (StepStretch stretch in turn.Steps?.All ?? [])
        {
            // A turn that was put back is computed again after its first token: those steps are part of its decoding.
            Write(
                turn,
                stretch.From < first ? prefill : decode,
                "worker.steps",
                Time(stretch.From),
                Time(stretch.Until),
                Tag("kvcluster.steps.kind", stretch.IsDecoding ? "decode" : "prefill"),
                Tag("kvcluster.steps.count", stretch.Steps),
                Tag("kvcluster.steps.tokens", stretch.Tokens),
                Tag("kvcluster.steps.turns", stretch.Turns));
        }
    }

    private static KeyValuePair<string, object?> Tag(string name, object value) => new(name, value);

    private static KeyValuePair<string, object?>[] SessionTags(TurnRequest request) =>
        [new("kvcluster.tenant", request.Session.Tenant), new("kvcluster.session", request.Session.Session)];

    private static ActivityContext Write(
        Turn turn, ActivityContext parent, string name, DateTime from, DateTime until, params ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Activity? span = Source.StartActivity(name, ActivityKind.Internal, parent, [.. SessionTags(turn.Request), .. tags], startTime: from);
        span?.SetEndTime(until < from ? from : until);
        span?.Stop();
        return span?.Context ?? parent;
    }
}
