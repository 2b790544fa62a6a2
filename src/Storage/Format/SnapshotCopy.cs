using KVCluster.Inference.Kv;

namespace KVCluster.Storage.Format;

/// <summary>One copy of a cache.</summary>
internal sealed record SnapshotCopy
{
    public required CopyKind Kind { get; init; }

    /// <summary>Tokens it stands for.</summary>
    public required int Tokens { get; init; }

    /// <summary>
    /// Position of the next token: the tokens of a whole copy; fewer in a compressed one whose positions were closed up.
    /// </summary>
    public required int LogicalLength { get; init; }

    /// <summary>See <see cref="TokenChain"/>.</summary>
    public required ReadOnlyMemory<byte> Chain { get; init; }

    public required ReadOnlyMemory<byte> CompressionRecord { get; init; }

    /// <summary>Row-major [layers, kvHeads].</summary>
    public required IReadOnlyList<KvHeadLayout> Heads { get; init; }

    public required IReadOnlyList<LayerGroup> Groups { get; init; }

    public IEnumerable<FrameRecord> Frames => Groups.SelectMany(g => g.Segments).Select(s => s.Frame);

    public long StoredBytes => Frames.Sum(f => (long)f.Bytes);

    /// <summary>Whether every token comes back as computed.</summary>
    public bool IsExact => Kind == CopyKind.Whole && Frames.All(f => SnapshotCodecs.IsLossless(f.Codec));

    /// <summary>The cache it makes, or (of a whole copy) its first tokens.</summary>
    public KvCacheLayout Layout(int tokens)
    {
        return new KvCacheLayout
        {
            LogicalLength = Kind == CopyKind.Whole ? tokens : LogicalLength,
            IsExact = IsExact,
            Heads = Kind == CopyKind.Compressed ? Heads : [.. Heads.Select(_ => new KvHeadLayout(tokens))],
        };
    }
}
