namespace KVCluster.Grains;

/// <summary>A part of a session's history.</summary>
[GenerateSerializer, Immutable, Alias("KVCluster.HistorySlice")]
public sealed record HistorySlice
{
    /// <summary>Index of the first token.</summary>
    [Id(0)]
    public required int Start { get; init; }

    /// <summary>Token ids.</summary>
    [Id(1)]
    public required int[] Tokens { get; init; }

    /// <summary>Their text, special tokens included.</summary>
    [Id(2)]
    public required string Text { get; init; }

    /// <summary>Tokens of the whole history.</summary>
    [Id(3)]
    public required int Total { get; init; }
}
