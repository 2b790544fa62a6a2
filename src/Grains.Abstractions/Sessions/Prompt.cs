namespace KVCluster.Grains;

/// <summary>What enters a session's history next. Exactly one of the three is given.</summary>
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

    /// <summary>A user's chat message.</summary>
    public static Prompt OfMessage(string message) => new() { Message = message };

    /// <summary>Plain text.</summary>
    public static Prompt OfText(string text) => new() { Text = text };

    /// <summary>Token ids.</summary>
    public static Prompt OfTokens(params int[] tokens) => new() { Tokens = tokens };

    /// <summary>Token ids of the whole conversation, the session's history first.</summary>
    public static Prompt OfConversation(params int[] tokens) => new() { Tokens = tokens, IsWhole = true };
}
