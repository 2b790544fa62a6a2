namespace KVCluster.Inference.Kv;

/// <summary>
/// The pages one change of a cache needs: private copies of shared pages it will write, and new pages. Collected first, then taken all at
/// once, so that a full arena is noticed before anything changes. Reused from change to change: it allocates nothing in the long run.
/// </summary>
internal sealed class PageDraft(KvPool pool)
{
    private readonly List<(PageList List, int Index)> _copies = [];
    private readonly List<(PageList List, int Count)> _additions = [];
    private int[] _taken = [];
    private int[] _replaced = [];

    /// <summary>Pages needed so far.</summary>
    public int Pages { get; private set; }

    /// <summary>Counts the changes made.</summary>
    public long Applied { get; private set; }

    /// <summary>Forgets what was collected.</summary>
    public void Clear()
    {
        _copies.Clear();
        _additions.Clear();
        Pages = 0;
    }

    /// <summary>The page at this index will be written: where others hold it too, it must be copied first.</summary>
    public void Write(PageList list, int index)
    {
        if (index < list.Count && pool.References(list[index]) > 1)
        {
            _copies.Add((list, index));
            Pages = checked(Pages + 1);
        }
    }

    /// <summary>The list must reach this many pages.</summary>
    public void Extend(PageList list, int pages)
    {
        if (pages > list.Count)
        {
            _additions.Add((list, pages - list.Count));
            Pages = checked(Pages + pages - list.Count);
        }
    }

    /// <summary>Takes the pages and puts them in place; <see cref="ArenaFullException"/> before anything has changed.</summary>
    public void Apply(bool pinned, Reservation? reservation)
    {
        if (Pages == 0)
        {
            return;
        }

        Grow(ref _taken, Pages);
        Span<int> taken = _taken.AsSpan(0, Pages);
        pool.Allocate(taken, pinned, reservation);
        try
        {
            Copy(taken[.._copies.Count]);
        }
        catch
        {
            pool.Release(taken, pinned);
            throw;
        }

        Applied++;
        for (int i = 0; i < _copies.Count; i++)
        {
            _copies[i].List[_copies[i].Index] = taken[i];
        }

        pool.Release(_replaced.AsSpan(0, _copies.Count), pinned);
        int next = _copies.Count;
        foreach ((PageList list, int count) in _additions)
        {
            list.Add(taken.Slice(next, count));
            next += count;
        }
    }

    private static void Grow(ref int[] array, int length)
    {
        if (array.Length < length)
        {
            array = new int[Math.Max(length, 2 * array.Length)];
        }
    }

    private void Copy(ReadOnlySpan<int> targets)
    {
        Grow(ref _replaced, targets.Length);
        for (int i = 0; i < targets.Length; i++)
        {
            _replaced[i] = _copies[i].List[_copies[i].Index];
        }

        if (!targets.IsEmpty)
        {
            pool.Store.CopyPages(_replaced.AsSpan(0, targets.Length), targets);
        }
    }
}
