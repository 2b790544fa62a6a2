using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace KVCluster.Client;

/// <summary>
/// Sessions behind <see cref="IChatClient"/>. A conversation goes on in two ways: with <see cref="ChatOptions.ConversationId"/> and only the
/// new messages, or with all messages as this client returned them, whose <see cref="ChatMessage.MessageId"/> names the session and the
/// place in it. An answer that is no longer its session's last is gone on with in a fork of the session.
/// </summary>
/// <param name="client">The sessions.</param>
/// <param name="defaults">Options of sessions it creates; a system message takes the place of theirs.</param>
public sealed class KVClusterChatClient(KVClusterClient client, SessionOptions? defaults = null) : IChatClient
{
    private readonly SessionOptions _defaults = defaults ?? new SessionOptions();

    /// <inheritdoc/>
    /// <exception cref="SessionException">As <see cref="ISessionGrain.Append"/> has them.</exception>
    /// <exception cref="NotSupportedException">The request has tools that are no functions, or content that is no text.</exception>
    /// <exception cref="ArgumentException">The messages are no turn, or system prompt or tools are not the session's.</exception>
    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="SessionException">As <see cref="ISessionGrain.Append"/> has them.</exception>
    /// <exception cref="NotSupportedException">The request has tools that are no functions, or content that is no text.</exception>
    /// <exception cref="ArgumentException">The messages are no turn, or system prompt or tools are not the session's.</exception>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ChatPlan plan = ChatPlan.Of(messages, options);
        var tools = ChatTools.Of(options);
        return AnswerAsync(plan, tools, ChatMapping.Sampling(options, tools.CallSchema), cancellationToken);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("kvcluster")
            : serviceType.IsInstanceOfType(client) ? client
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Nothing: the cluster's client is its owner's.</summary>
    public void Dispose()
    {
    }

    private async IAsyncEnumerable<ChatResponseUpdate> AnswerAsync(
        ChatPlan plan, ChatTools tools, SamplingSettings? sampling, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        SessionClient session = await StartAsync(plan, tools, cancellationToken).ConfigureAwait(false);
        string response = Guid.CreateVersion7().ToString("N");
        var request = new GenerateRequest
        {
            Prompt = plan.Prompt with { After = plan.Follows?.Tokens },
            Sampling = sampling,
            IdempotencyKey = response,
        };
        var answer = new AnswerText(tools.MayCall);
        await foreach (TokenChunk chunk in session.GenerateAsync(request, cancellationToken).ConfigureAwait(false))
        {
            answer.Append(chunk.Text);
            if (chunk.Result is not null)
            {
                answer.End();
            }

            if (answer.Take() is { Length: > 0 } text)
            {
                yield return Update(session, response, [new TextContent(text)]);
            }

            if (chunk.Result is { } result)
            {
                yield return Last(session, response, answer.Calls, result);
            }
        }
    }

    /// <summary>The calls, the usage, and the answer's id.</summary>
    private static ChatResponseUpdate Last(SessionClient session, string response, IReadOnlyList<ParsedCall> calls, TurnResult result)
    {
        ChatResponseUpdate last = Update(
            session, response, [.. calls.Select((c, i) => ChatTools.Content(c, $"call_{response}_{i}")), new UsageContent(ChatMapping.Usage(result))]);
        last.MessageId = new AnswerId(session.Id, result.TotalTokens).ToString();
        last.FinishReason = calls.Count > 0 ? ChatFinishReason.ToolCalls : ChatMapping.Finish(result.Finish);
        last.RawRepresentation = result;
        return last;
    }

    private static ChatResponseUpdate Update(SessionClient session, string response, IList<AIContent> contents) =>
        new(ChatRole.Assistant, contents) { ConversationId = session.Id, ResponseId = response };

    private async ValueTask<SessionClient> StartAsync(ChatPlan plan, ChatTools tools, CancellationToken cancellationToken)
    {
        if (plan.Follows is { } follows && (plan.Conversation is null || plan.Conversation == follows.Session))
        {
            SessionClient session = client.GetSession(follows.Session);
            SessionInfo info = await session.DescribeAsync(cancellationToken).ConfigureAwait(false);
            RequireSameStart(plan, tools, info);
            return info.Tokens == follows.Tokens
                ? session
                : await session.ForkAsync(tokens: follows.Tokens, cancellationToken: cancellationToken).ConfigureAwait(false);
        }

        if (plan.Conversation is { } named)
        {
            SessionClient session = client.GetSession(named);
            if (plan.System is not null || tools.Declared is not null)
            {
                RequireSameStart(plan, tools, await session.DescribeAsync(cancellationToken).ConfigureAwait(false));
            }

            return session;
        }

        SessionOptions options = _defaults with { System = plan.System ?? _defaults.System, Tools = tools.Declared ?? _defaults.Tools };
        return await client.CreateSessionAsync(options, cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    /// <summary>System prompt and tools stand at a conversation's begin, before all that is cached.</summary>
    private static void RequireSameStart(ChatPlan plan, ChatTools tools, SessionInfo info)
    {
        if (plan.System is not null && plan.System != info.Options.System)
        {
            throw new ArgumentException($"session {info.Id.Session} has another system prompt: it is fixed when a conversation begins");
        }

        if (tools.Declared is not null && tools.Declared != info.Options.Tools)
        {
            throw new ArgumentException($"session {info.Id.Session} has other tools: they are fixed when a conversation begins");
        }
    }
}
