namespace KVCluster.Grains;

/// <summary>A turn as it is kept in the session's state: enough to answer it again. Its tokens lie in the history.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.TurnRecord")]
public sealed record TurnRecord
{
    /// <summary>The request's idempotency key, or null.</summary>
    [Id(0)]
    public string? Key { get; init; }

    /// <summary>A hash of the request, which tells it from others of the same key; null where there is no key.</summary>
    [Id(1)]
    public string? Hash { get; init; }

    /// <summary>Tokens of history before it.</summary>
    [Id(2)]
    public required int Start { get; init; }

    /// <summary>Tokens added before the answer.</summary>
    [Id(3)]
    public required int Prompt { get; init; }

    /// <summary>Tokens of the answer.</summary>
    [Id(4)]
    public required int Answer { get; init; }

    /// <summary>Tokens of history after it.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public int End => Start + Prompt + Answer;

    /// <summary>Characters (UTF-16) of the answer's text: a stop string cuts it shorter than its tokens.</summary>
    [Id(5)]
    public required int TextLength { get; init; }

    /// <summary>Why it ended.</summary>
    [Id(6)]
    public required TurnFinish Finish { get; init; }

    /// <summary>Tokens of history that did not have to be computed.</summary>
    [Id(7)]
    public int Cached { get; init; }

    /// <summary>The stop string found, or null.</summary>
    [Id(8)]
    public string? StopString { get; init; }

    /// <summary>The sampler's seed; null where nothing was generated.</summary>
    [Id(9)]
    public ulong? Seed { get; init; }
}
