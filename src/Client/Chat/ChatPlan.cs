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

    /// <summary>What the user says.</summary>
    public required string Message { get; init; }

    /// <exception cref="ArgumentException">The messages cannot be a turn; the message says why.</exception>
    /// <exception cref="NotSupportedException">They hold something else than text.</exception>
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
        string[] said = [.. all.Skip(answered + 1).Where(m => m.Role != ChatRole.System).Select(UserText)];
        return said.Length == 0
            ? throw new ArgumentException("there is no user message to answer", nameof(messages))
            : new ChatPlan
            {
                Conversation = options?.ConversationId,
                Follows = follows,
                System = system.Length > 0 ? string.Join(Between, system) : null,
                Message = string.Join(Between, said),
            };
    }

    private static string UserText(ChatMessage message) => message.Role == ChatRole.User
        ? TextOf(message)
        : throw new NotSupportedException($"messages of role '{message.Role}' are not supported by this client; the HTTP endpoints take them");

    private static string TextOf(ChatMessage message) => message.Contents.All(c => c is TextContent)
        ? message.Text
        : throw new NotSupportedException(
            $"content of type {message.Contents.First(c => c is not TextContent).GetType().Name} is not supported: models here read text");
}
