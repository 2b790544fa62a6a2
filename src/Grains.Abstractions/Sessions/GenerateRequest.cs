namespace KVCluster.Grains;

/// <summary>One turn: what is said to the model, and how it shall answer.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.GenerateRequest")]
public sealed record GenerateRequest
{
    /// <summary>What is added before the answer; null: the answer goes on from the history.</summary>
    [Id(0)]
    public Prompt? Prompt { get; init; }

    /// <summary>
    /// Names the request: sent again with the same key, it is answered from the record. Up to 128 printable ASCII characters.
    /// </summary>
    [Id(1)]
    public string? IdempotencyKey { get; init; }

    /// <summary>How to sample; null: as the session's options say.</summary>
    [Id(2)]
    public SamplingSettings? Sampling { get; init; }

    /// <summary>Longest wait for room on the device; null: the device's own.</summary>
    [Id(3)]
    public TimeSpan? MaxWait { get; init; }
}
