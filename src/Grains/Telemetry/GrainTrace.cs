using System.Diagnostics;

namespace KVCluster.Grains;

/// <summary>Spans of a session's turns.</summary>
internal static class GrainTrace
{
    public const string SourceName = "KVCluster.Grains";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>A turn's span below the caller's; null where nobody records.</summary>
    public static Activity? Begin(string name, SessionId session, string node)
    {
        Activity? span = Source.StartActivity(name);
        return span?.SetTag("gen_ai.operation.name", "chat")
            .SetTag("gen_ai.conversation.id", session.Session)
            .SetTag("kvcluster.tenant", session.Tenant)
            .SetTag("kvcluster.session", session.Session)
            .SetTag("kvcluster.node", node);
    }

    /// <summary>What the turn came to.</summary>
    public static void Made(Activity? span, TurnResult result) => span?
        .SetTag("gen_ai.usage.input_tokens", result.HistoryTokens + result.PromptTokens)
        .SetTag("gen_ai.usage.output_tokens", result.AnswerTokens)
        .SetTag("kvcluster.cached_tokens", result.CachedTokens)
        .SetTag("gen_ai.response.finish_reasons", new[] { result.Finish.ToString() });
}
