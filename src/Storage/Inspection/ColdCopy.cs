namespace KVCluster.Storage.Inspection;

/// <summary>One copy of a session's cache.</summary>
public sealed record ColdCopy
{
    /// <summary>Whether every token comes back as computed.</summary>
    public required bool IsExact { get; init; }

    /// <summary>Whether tokens were dropped or rewritten before it was saved; it is then good as a whole only.</summary>
    public required bool IsCompressed { get; init; }

    /// <summary>Tokens it stands for.</summary>
    public required int Tokens { get; init; }

    /// <summary>Filled slots of each (layer, KV head), row-major [layers, kvHeads].</summary>
    public required IReadOnlyList<int> Lengths { get; init; }

    /// <summary>Bytes of its frames, those shared with the other copy in full.</summary>
    public required long StoredBytes { get; init; }

    /// <summary>Frames.</summary>
    public required int Frames { get; init; }

    /// <summary>Codecs of its frames.</summary>
    public required IReadOnlyList<SnapshotCodec> Codecs { get; init; }

    /// <summary>Ids of the keys its frames are encrypted with; empty: not encrypted.</summary>
    public required IReadOnlyList<string> KeyIds { get; init; }

    /// <summary>What was saved with it of its compressions.</summary>
    public required ReadOnlyMemory<byte> CompressionRecord { get; init; }
}
