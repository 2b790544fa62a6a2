using KVCluster.Compression;

namespace KVCluster.Inference.Kv;

/// <content>Applying a retention plan.</content>
public sealed partial class KvCache
{
    /// <summary>
    /// Keeps only the plan's slots: rows move down in place and the tail pages are freed at once. Needs no free page, except one for each
    /// shared page it must write (<see cref="ArenaFullException"/> before anything has changed). The logical length stays. A plan that keeps
    /// every slot changes nothing. Throws <see cref="ArgumentException"/> for a plan of another shape or with slots the cache lacks.
    /// </summary>
    public void Compact(RetentionPlan plan)
    {
        ThrowIfDisposed();
        ArgumentNullException.ThrowIfNull(plan);
        var kept = new ReadOnlyMemory<int>?[_heads.Length];
        if (!Select(plan, kept))
        {
            return;
        }

        _draft.Clear();
        for (int i = 0; i < _heads.Length; i++)
        {
            DraftCompaction(_heads[i], kept[i]);
        }

        _draft.Apply(IsPinned, _reservation);
        Pool.Store.Compact(Moves(kept));
        for (int i = 0; i < _heads.Length; i++)
        {
            CachedHead head = _heads[i];
            if (kept[i] is { } slots)
            {
                head.Length = slots.Length;
                head.Positions = head.Positions.Select(slots, LogicalLength);
                Companion?.Keep(i / Geometry.KvHeads, i % Geometry.KvHeads, slots.Span);
            }

            Trim(head, head.Length);
        }

        _prepared = 0;
        IsExact = false;
    }

    /// <summary>Kept slots of the heads that lose some, null for the others; false where no head does.</summary>
    private bool Select(RetentionPlan plan, ReadOnlyMemory<int>?[] kept)
    {
        if (plan.Layers != Geometry.Layers || plan.KvHeads != Geometry.KvHeads)
        {
            throw new ArgumentException(
                $"a plan for {plan.Layers} layers of {plan.KvHeads} KV heads; the cache has {Geometry.Layers} of {Geometry.KvHeads}", nameof(plan));
        }

        bool any = false;
        for (int i = 0; i < _heads.Length; i++)
        {
            int layer = i / Geometry.KvHeads;
            int head = i % Geometry.KvHeads;
            ReadOnlySpan<int> slots = plan.Kept(layer, head);
            int length = _heads[i].Length;
            if (!slots.IsEmpty && slots[^1] >= length)
            {
                throw new ArgumentException($"the plan keeps slot {slots[^1]} of layer {layer}, head {head}, which has {length}", nameof(plan));
            }

            if (slots.Length < length)
            {
                kept[i] = plan.KeptMemory(layer, head);
                any = true;
            }
        }

        return any;
    }

    private void DraftCompaction(CachedHead head, ReadOnlyMemory<int>? kept)
    {
        int length = kept?.Length ?? 0;
        int first = kept is null ? 0 : PageCompactor.Unmoved(kept.Value.Span);
        if (first == length)
        {
            return;
        }

        for (int page = first / Geometry.PageTokens; page < Geometry.PagesForRows(length); page++)
        {
            _draft.Write(head.Keys, page);
            _draft.Write(head.Values, page);
        }

        if (head.Biases is not null)
        {
            for (int page = first / Geometry.BiasSlots; page < Geometry.PagesForBiases(length); page++)
            {
                _draft.Write(head.Biases, page);
            }
        }
    }

    private List<HeadCompaction> Moves(ReadOnlyMemory<int>?[] kept)
    {
        var moves = new List<HeadCompaction>(_heads.Length);
        for (int i = 0; i < _heads.Length; i++)
        {
            CachedHead head = _heads[i];
            if (kept[i] is { } slots && PageCompactor.Unmoved(slots.Span) < slots.Length)
            {
                moves.Add(new HeadCompaction(head.Keys.Memory, head.Values.Memory, head.Biases?.Memory ?? default, slots));
            }
        }

        return moves;
    }
}
