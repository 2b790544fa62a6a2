using KVCluster.Silo.Sessions;

namespace KVCluster.Silo.Chatting;

/// <summary>The JSON of <c>chat</c>.</summary>
internal sealed record ChatReport
{
    public required ModelUse Model { get; init; }

    /// <summary>The document as it was read into the cache; null where there was none.</summary>
    public Prefill? Document { get; init; }

    /// <summary>What was kept of it; null where nothing was compressed.</summary>
    public CompressionRecord? Compression { get; init; }

    public required IReadOnlyList<ChatTurn> Turns { get; init; }

    /// <summary>Tokens the conversation stands for at the end.</summary>
    public required int Tokens { get; init; }

    /// <summary>Bytes of the pages the cache holds at the end.</summary>
    public required long CacheBytes { get; init; }
}
