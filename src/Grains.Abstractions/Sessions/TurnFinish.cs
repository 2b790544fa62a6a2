namespace KVCluster.Grains;

/// <summary>Why a turn ended.</summary>
public enum TurnFinish
{
    /// <summary>It only added to the history.</summary>
    Appended,

    /// <summary>The model ended its answer.</summary>
    EndToken,

    /// <summary>A stop string appeared.</summary>
    StopString,

    /// <summary>As many tokens as were asked for.</summary>
    MaxTokens,

    /// <summary>The model's context or the session's token budget is full.</summary>
    ContextFull,

    /// <summary>The next token found no room on the device.</summary>
    ArenaFull,

    /// <summary>Stopped by <see cref="ISessionGrain.Cancel"/>: what was made until then counts.</summary>
    Cancelled,
}
