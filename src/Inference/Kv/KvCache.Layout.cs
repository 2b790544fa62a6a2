namespace KVCluster.Inference.Kv;

/// <content>Taking a cache's layout, and building a cache from one.</content>
public sealed partial class KvCache
{
    /// <summary>What the cache knows of its slots.</summary>
    public KvCacheLayout Layout()
    {
        ThrowIfDisposed();
        return new KvCacheLayout
        {
            LogicalLength = LogicalLength,
            IsExact = IsExact,
            Heads = Array.ConvertAll(_heads, Layout),
        };
    }

    /// <summary>
    /// Gives an empty cache this layout: pages for all slots, from the reservation first, all or nothing (<see cref="ArenaFullException"/>
    /// before anything has changed). What the pages hold is undefined: every row, int8 scale and bias of the filled slots must be written
    /// before the cache is used, or the cache emptied by <see cref="Truncate"/>. A companion starts as for an empty cache: what it
    /// observed elsewhere is not part of a layout. Throws <see cref="ArgumentException"/> for a layout that no cache of this shape can have.
    /// </summary>
    public void Restore(KvCacheLayout layout)
    {
        ThrowIfDisposed();
        ArgumentNullException.ThrowIfNull(layout);
        if (LogicalLength != 0)
        {
            throw new InvalidOperationException($"only an empty cache can be restored; this one has {LogicalLength} tokens");
        }

        SlotPositions[] positions = Check(layout);
        Truncate(0);
        PageList?[] biases = [.. layout.Heads.Select(h => h.HasBiases ? new PageList() : null)];
        _draft.Clear();
        for (int i = 0; i < _heads.Length; i++)
        {
            int length = layout.Heads[i].Length;
            _draft.Extend(_heads[i].Keys, Geometry.PagesForRows(length));
            _draft.Extend(_heads[i].Values, Geometry.PagesForRows(length));
            if (biases[i] is { } list)
            {
                _draft.Extend(list, Geometry.PagesForBiases(length));
            }
        }

        _draft.Apply(IsPinned, _reservation);
        for (int i = 0; i < _heads.Length; i++)
        {
            _heads[i].Biases = biases[i];
            _heads[i].Length = layout.Heads[i].Length;
            _heads[i].Positions = positions[i];
        }

        LogicalLength = layout.LogicalLength;
        IsExact = layout.IsExact;
    }

    private static KvHeadLayout Layout(CachedHead head)
    {
        ReadOnlyMemory<int>? positions = null;
        if (head.Length > 0 && head.Positions[head.Length - 1] != head.Length - 1)
        {
            var list = new int[head.Length];
            head.Positions.Fill(list);
            positions = list;
        }

        return new KvHeadLayout(head.Length, positions, head.Biases is not null);
    }

    private SlotPositions[] Check(KvCacheLayout layout)
    {
        if (layout.LogicalLength < 0 || layout.Heads.Count != _heads.Length)
        {
            throw new ArgumentException(
                $"a layout of {layout.LogicalLength} tokens and {layout.Heads.Count} heads; the cache has {_heads.Length} heads", nameof(layout));
        }

        var positions = new SlotPositions[_heads.Length];
        for (int i = 0; i < positions.Length; i++)
        {
            KvHeadLayout head = layout.Heads[i];
            bool fits = head.Length >= 0
                && head.Length <= layout.LogicalLength
                && (head.Positions is not { } list || Ascend(list.Span, head.Length, layout.LogicalLength))
                && (!layout.IsExact || head.Length == layout.LogicalLength);
            positions[i] = fits
                ? SlotPositions.Of(head.Positions, head.Length, layout.LogicalLength)
                : throw new ArgumentException(
                    $"layer {i / Geometry.KvHeads}, head {i % Geometry.KvHeads}: {head.Length} slots do not fit {layout.LogicalLength} tokens",
                    nameof(layout));
        }

        return positions;
    }

    private static bool Ascend(ReadOnlySpan<int> positions, int length, int end)
    {
        int last = -1;
        foreach (int position in positions)
        {
            if (position <= last || position >= end)
            {
                return false;
            }

            last = position;
        }

        return positions.Length == length;
    }
}
