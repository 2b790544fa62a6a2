namespace KVCluster.Inference.Kv;

/// <content>Rewriting slots, and closing up positions after compaction.</content>
public sealed partial class KvCache
{
    /// <summary>
    /// Makes every key page that holds filled slots private, so that keys may be rewritten in place. <see cref="ArenaFullException"/> before
    /// anything has changed.
    /// </summary>
    internal void PrepareKeyRewrite()
    {
        ThrowIfDisposed();
        _prepared = 0;
        _draft.Clear();
        foreach (CachedHead head in _heads)
        {
            for (int page = 0; page < Geometry.PagesForRows(head.Length); page++)
            {
                _draft.Write(head.Keys, page);
            }
        }

        _draft.Apply(IsPinned, _reservation);
    }

    /// <summary>
    /// Makes the pages of one filled slot private, so that its key and value may be rewritten in place; the cache is no longer exact.
    /// <see cref="ArenaFullException"/> before anything has changed.
    /// </summary>
    internal void PrepareSlotRewrite(int layer, int head, int slot)
    {
        CachedHead cached = Head(layer, head);
        if ((uint)slot >= (uint)cached.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(slot), slot, $"the head has {cached.Length} slots");
        }

        _draft.Clear();
        _draft.Write(cached.Keys, slot / Geometry.PageTokens);
        _draft.Write(cached.Values, slot / Geometry.PageTokens);
        _draft.Apply(IsPinned, _reservation);
        IsExact = false;
    }

    /// <summary>The first slot's position once positions are closed up: heads shorter than the longest take the last positions.</summary>
    internal int ClosedStart(int layer, int head) => LongestHead() - Head(layer, head).Length;

    /// <summary>
    /// The keys now stand at their closed positions: slots are numbered without gaps, and the conversation goes on from the longest head's
    /// length. The cache is no longer exact.
    /// </summary>
    internal void CommitClosedPositions()
    {
        ThrowIfDisposed();
        int longest = LongestHead();
        foreach (CachedHead head in _heads)
        {
            head.Positions = SlotPositions.From(longest - head.Length);
        }

        LogicalLength = longest;
        _prepared = 0;
        IsExact = false;
    }

    private int LongestHead() => _heads.Max(h => h.Length);
}
