namespace KVCluster.Grains;

/// <summary>What enters a session's history next. Exactly one of message, text, tokens and messages is given.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.Prompt")]
public sealed record Prompt
{
    /// <summary>A chat message of the user, framed by the model's template. It never makes special tokens.</summary>
    [Id(0)]
    public string? Message { get; init; }

    /// <summary>Text added as it is, without a frame. It never makes special tokens.</summary>
    [Id(1)]
    public string? Text { get; init; }

    /// <summary>Token ids added as they are.</summary>
    [Id(2)]
    public int[]? Tokens { get; init; }

    /// <summary>
    /// <see cref="Tokens"/> are the whole conversation: the session's history must be their beginning, and only what follows it is added.
    /// </summary>
    [Id(3)]
    public bool IsWhole { get; init; }

    /// <summary>
    /// How many tokens of history this prompt was made for; null: any. A session that has another number refuses it
    /// (<see cref="HistoryMismatchException"/>): someone else's turn came between.
    /// </summary>
    [Id(4)]
    public int? After { get; init; }

    /// <summary>
    /// Chat messages, framed by the model's template and followed by an answer: what functions returned, what the user adds to it. For turns
    /// with an answer only.
    /// </summary>
    [Id(5)]
    public PromptMessage[]? Messages { get; init; }

    /// <summary>A user's chat message.</summary>
    public static Prompt OfMessage(string message) => new() { Message = message };

    /// <summary>Chat messages.</summary>
    public static Prompt OfMessages(params PromptMessage[] messages) => new() { Messages = messages };

    /// <summary>Plain text.</summary>
    public static Prompt OfText(string text) => new() { Text = text };

    /// <summary>Token ids.</summary>
    public static Prompt OfTokens(params int[] tokens) => new() { Tokens = tokens };

    /// <summary>Token ids of the whole conversation, the session's history first.</summary>
    public static Prompt OfConversation(params int[] tokens) => new() { Tokens = tokens, IsWhole = true };
}
