using System.Diagnostics;
using KVCluster.Worker.Serving.Device;

namespace KVCluster.Worker.Serving.Telemetry;

/// <summary>
/// Spans of turns: one a turn, and its phases (queue, attach, prefill, decode), which are written when the turn has ended, so that a step pays nothing
/// for them. Steps serve several turns at once: a phase says how long its turn was in them.
/// </summary>
internal static class WorkerTrace
{
    public const string SourceName = "KVCluster.Worker";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>The span of a turn below its caller's; null where nobody records.</summary>
    public static Activity? Begin(TurnRequest request, string device)
    {
        Activity? caller = Activity.Current;
        Activity? span = Source.StartActivity("worker.turn", ActivityKind.Internal, request.Trace);
        Activity.Current = caller;
        span?.SetTag("kvcluster.tenant", request.Session.Tenant)
            .SetTag("kvcluster.session", request.Session.Session)
            .SetTag("kvcluster.device", device);
        return span;
    }

    /// <summary>The turn has ended. Called on the device's thread, which must not keep a current span.</summary>
    public static void End(Turn turn, DeviceParts parts, Exception? error)
    {
        if (turn.Span is not { } span)
        {
            return;
        }

        long now = parts.Now;
        DateTime Time(long stamp) => DateTime.UtcNow - TimeSpan.FromSeconds(parts.Seconds(stamp, now));
        long started = turn.StartedAt == 0 ? now : turn.StartedAt;
        Phase(span, "worker.queue", Time(turn.ArrivedAt), Time(started));
        if (turn.AttachSince != 0 && turn.Attach is { } attach)
        {
            Phase(
                span,
                "worker.attach",
                Time(turn.AttachSince),
                Time(turn.AttachSince) + TimeSpan.FromSeconds(attach.Seconds),
                Tag("kvcluster.attach.source", attach.Source.ToString()),
                Tag("kvcluster.attach.cached_tokens", attach.CachedTokens),
                Tag("kvcluster.attach.recomputed_tokens", attach.RecomputedTokens));
        }

        long first = turn.FirstTokenAt == 0 ? now : turn.FirstTokenAt;
        if (turn.StartedAt != 0)
        {
            Phase(span, "worker.prefill", Time(started), Time(first), Tag("gen_ai.usage.input_tokens", turn.Request.Prompt.Length));
        }

        if (turn.FirstTokenAt != 0)
        {
            Phase(span, "worker.decode", Time(first), Time(now), Tag("gen_ai.usage.output_tokens", turn.Answer?.Count ?? 0));
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

    private static KeyValuePair<string, object?> Tag(string name, object value) => new(name, value);

    private static void Phase(Activity turn, string name, DateTime from, DateTime until, params ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Activity? phase = Source.StartActivity(name, ActivityKind.Internal, turn.Context, tags.ToArray(), startTime: from);
        phase?.SetEndTime(until < from ? from : until);
        phase?.Stop();
    }
}
