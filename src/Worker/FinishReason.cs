namespace KVCluster.Worker;

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model ended its turn: the last token is one of <see cref="LocalModel.EndTokens"/>.</summary>
    EndToken,

    /// <summary>A stop string appeared; it and what followed are not in the text.</summary>
    StopString,

    /// <summary>As many tokens as were asked for.</summary>
    MaxTokens,

    /// <summary>The next token would exceed the model's context.</summary>
    ContextFull,

    /// <summary>The next token found no room in the KV arena.</summary>
    ArenaFull,

    /// <summary>Cancelled, or the caller stopped reading.</summary>
    Cancelled,
}
