namespace KVCluster.Inference.Kv;

/// <content>Attention biases of slots: one float added to a slot's logit, for merged or refitted entries.</content>
public sealed partial class KvCache
{
    /// <summary>
    /// Gives a head bias pages, all zero, for its slots and for those to come; nothing where it has them. Changes no attention by itself.
    /// <see cref="ArenaFullException"/> before anything has changed.
    /// </summary>
    public void EnableBias(int layer, int head)
    {
        CachedHead cached = Head(layer, head);
        if (cached.Biases is not null)
        {
            return;
        }

        var biases = new PageList();
        int slots = checked(cached.Length + _prepared);
        _draft.Clear();
        _draft.Extend(biases, Geometry.PagesForBiases(slots));
        _draft.Apply(IsPinned, _reservation);
        cached.Biases = biases;
        ClearBiases(cached, 0, slots);
    }

    /// <summary>
    /// Sets the biases of filled slots from <paramref name="start"/> on, copying shared bias pages first; the cache is no longer exact. The
    /// head must have biases (<see cref="EnableBias"/>). <see cref="ArenaFullException"/> before anything has changed.
    /// </summary>
    public void SetBias(int layer, int head, int start, ReadOnlySpan<float> biases)
    {
        CachedHead cached = Head(layer, head);
        PageList pages = cached.Biases ?? throw new InvalidOperationException($"layer {layer}, head {head} has no biases");
        if (start < 0 || start > cached.Length - biases.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"slots {start} to {start + biases.Length} of {cached.Length}");
        }

        if (biases.IsEmpty)
        {
            return;
        }

        int size = Geometry.BiasSlots;
        _draft.Clear();
        for (int page = start / size; page <= (start + biases.Length - 1) / size; page++)
        {
            _draft.Write(pages, page);
        }

        _draft.Apply(IsPinned, _reservation);
        for (int done = 0; done < biases.Length;)
        {
            int slot = start + done;
            int count = Math.Min(biases.Length - done, size - (slot % size));
            Pool.Store.WriteBiases(pages[slot / size], slot % size, biases.Slice(done, count));
            done += count;
        }

        IsExact = false;
    }

    private void ClearBiases(CachedHead head, int start, int slots)
    {
        if (head.Biases is null)
        {
            return;
        }

        int size = Geometry.BiasSlots;
        for (int slot = start; slot < start + slots;)
        {
            int count = Math.Min(start + slots - slot, size - (slot % size));
            Pool.Store.ClearBiases(head.Biases[slot / size], slot % size, count);
            slot += count;
        }
    }
}
