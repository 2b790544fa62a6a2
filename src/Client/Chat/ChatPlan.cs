using Microsoft.Extensions.AI;

namespace KVCluster.Client;

/// <summary>Where a list of chat messages goes on, and with what. Made without any call.</summary>
internal sealed record ChatPlan
{
    private const string Between = "\n\n";

    /// <summary>The session the caller named, or null.</summary>
    public string? Conversation { get; init; }

    /// <summary>The answer that the new messages follow, or null.</summary>
    public AnswerId? Follows { get; init; }

    /// <summary>The system prompt; null: none was given.</summary>
    public string? System { get; init; }

    /// <summary>What comes before the answer: one message of the user's, or what functions returned and the user said.</summary>
    public required Prompt Prompt { get; init; }

    /// <exception cref="ArgumentException">The messages cannot be a turn; the message says why.</exception>
    /// <exception cref="NotSupportedException">They hold something else than text and functions' results.</exception>
    public static ChatPlan Of(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        ChatMessage[] all = [.. messages];
        int answered = Array.FindLastIndex(all, m => m.Role == ChatRole.Assistant);
        AnswerId? follows = answered < 0 ? null : AnswerId.TryParse(all[answered].MessageId);
        if (answered >= 0 && follows is null)
        {
            throw new ArgumentException(
                $"message {answered} is an answer this client did not make (its MessageId is '{all[answered].MessageId}'): a session's answers are its own. "
                + "Send the messages of a conversation with their ids, or only the new ones with ChatOptions.ConversationId.",
                nameof(messages));
        }

        string[] system = [.. new[] { options?.Instructions }.Concat(all.Where(m => m.Role == ChatRole.System).Select(TextOf)).OfType<string>()];
        PromptMessage[] said = [.. all.Skip(answered + 1).Where(m => m.Role != ChatRole.System).SelectMany(m => MessagesOf(m, all))];
        return said.Length == 0
            ? throw new ArgumentException("there is no message to answer", nameof(messages))
            : new ChatPlan
            {
                Conversation = options?.ConversationId,
                Follows = follows,
                System = system.Length > 0 ? string.Join(Between, system) : null,
                Prompt = Array.TrueForAll(said, m => m.Role == PromptMessage.User)
                    ? Prompt.OfMessage(string.Join(Between, said.Select(m => m.Content)))
                    : Prompt.OfMessages(said),
            };
    }

    private static IEnumerable<PromptMessage> MessagesOf(ChatMessage message, ChatMessage[] all)
    {
        if (message.Role == ChatRole.User)
        {
            return [new PromptMessage { Role = PromptMessage.User, Content = TextOf(message) }];
        }

        return message.Role == ChatRole.Tool
            ? message.Contents.Select(c => ResultOf(c, all))
            : throw new NotSupportedException($"messages of role '{message.Role}' are not supported by this client");
    }

    private static PromptMessage ResultOf(AIContent content, ChatMessage[] all) => content is FunctionResultContent result
        ? new PromptMessage
        {
            Role = PromptMessage.Tool,
            Content = ChatTools.TextOf(result),
            ToolCallId = result.CallId,
            Name = all.SelectMany(m => m.Contents).OfType<FunctionCallContent>().FirstOrDefault(c => c.CallId == result.CallId)?.Name,
        }
        : throw new NotSupportedException($"content of type {content.GetType().Name} is no function's result, as a tool's message must have");

    private static string TextOf(ChatMessage message) => message.Contents.All(c => c is TextContent)
        ? message.Text
        : throw new NotSupportedException(
            $"content of type {message.Contents.First(c => c is not TextContent).GetType().Name} is not supported: models here read text");
}
