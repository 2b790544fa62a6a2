namespace KVCluster.Grains;

/// <summary>Adds to a session's history without an answer: a document is read before the question about it is known.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.AppendRequest")]
public sealed record AppendRequest
{
    /// <summary>
    /// What to add. A <see cref="Prompt.Message"/> opens the user's message and leaves it open: the next message, appended or generated
    /// from, continues it with nothing between them.
    /// </summary>
    [Id(0)]
    public required Prompt Prompt { get; init; }

    /// <summary>Names the request: sent again with the same key, it is done once. Up to 128 printable ASCII characters.</summary>
    [Id(1)]
    public string? IdempotencyKey { get; init; }
}
