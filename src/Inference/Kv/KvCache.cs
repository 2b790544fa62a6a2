namespace KVCluster.Inference.Kv;

/// <summary>
/// Bookkeeping of one conversation's KV cache: which pages each (layer, KV head) holds, how many slots are filled (physical length), where
/// each slot came from, and the logical length, which is the RoPE position of the next token. Rows themselves are in the pool's store.
/// Forks share pages; a page is copied before a cache writes into it while another holds it too. For one thread at a time; any number of
/// caches may work on one pool at once.
/// </summary>
public sealed partial class KvCache : IDisposable
{
    private readonly CachedHead[] _heads;
    private readonly PageDraft _draft;
    private Reservation? _reservation;
    private int _prepared;
    private int _pins;
    private int _disposed;
    private long _shortened;

    /// <summary>An empty cache; it holds no page yet. The companion, if any, is told what happens to the slots.</summary>
    public KvCache(KvPool pool, ISlotCompanion? companion = null)
    {
        ArgumentNullException.ThrowIfNull(pool);
        Pool = pool;
        Companion = companion;
        _draft = new PageDraft(pool);
        _heads = new CachedHead[pool.Geometry.Heads];
        for (int i = 0; i < _heads.Length; i++)
        {
            _heads[i] = new CachedHead();
        }
    }

    private KvCache(KvCache origin)
    {
        Pool = origin.Pool;
        Companion = origin.Companion?.Fork();
        _draft = new PageDraft(Pool);
        _heads = Array.ConvertAll(origin._heads, head => head.Fork(Pool.Geometry));
        LogicalLength = origin.LogicalLength;
        IsExact = origin.IsExact;
        ForEachList(Pool.Share);
    }

    /// <summary>Where the pages come from.</summary>
    public KvPool Pool { get; }

    /// <summary>What a backend keeps beside the slots, or null.</summary>
    public ISlotCompanion? Companion { get; }

    /// <summary>Shape of the cache.</summary>
    public KvGeometry Geometry => Pool.Geometry;

    /// <summary>Tokens the conversation has; the position of the next one.</summary>
    public int LogicalLength { get; private set; }

    /// <summary>Changes whenever the page lists do: a backend that keeps block tables elsewhere knows when to look again.</summary>
    internal long PagesVersion => _draft.Applied + _shortened;

    /// <summary>Whether every token is present as computed: never compacted, never rewritten. An emptied cache is exact again.</summary>
    public bool IsExact { get; private set; } = true;

    /// <summary>Whether somebody is using the cache, so that it may not be evicted.</summary>
    public bool IsPinned => _pins > 0;

    /// <summary>Pages held, those shared with forks included.</summary>
    public int PageCount => _heads.Sum(h => h.PageCount);

    /// <summary>Bytes of all pages held, those shared with forks counted in full.</summary>
    public long Bytes => (long)PageCount * Geometry.PageBytes;

    /// <summary>Bytes that disposing would free: of pages that no other cache holds.</summary>
    public long ExclusiveBytes
    {
        get
        {
            if (Pool.SharedPages == 0)
            {
                return Bytes;
            }

            long pages = 0;
            ForEachList(list =>
            {
                foreach (int page in list)
                {
                    pages += Pool.References(page) == 1 ? 1 : 0;
                }
            });
            return pages * Geometry.PageBytes;
        }
    }

    /// <summary>
    /// The cache's part of all bytes held: a page that several caches hold counts for each in equal parts, so that the parts of all caches
    /// add up to what is held.
    /// </summary>
    public double ShareOfBytes
    {
        get
        {
            if (Pool.SharedPages == 0)
            {
                return Bytes;
            }

            double pages = 0;
            ForEachList(list =>
            {
                foreach (int page in list)
                {
                    pages += 1.0 / Math.Max(1, Pool.References(page));
                }
            });
            return pages * Geometry.PageBytes;
        }
    }

    /// <summary>
    /// How many of the first positions lie on pages that other caches hold too: a compaction that keeps all of them copies no page. 0 where
    /// nothing is shared.
    /// </summary>
    public int SharedPositions
    {
        get
        {
            int positions = 0;
            for (int i = 0; i < _heads.Length && Pool.SharedPages > 0; i++)
            {
                CachedHead head = _heads[i];
                int pages = Math.Max(SharedPages(head.Keys), SharedPages(head.Values));
                int slots = Math.Min(pages * Geometry.PageTokens, head.Length);
                positions = slots == 0 ? positions : Math.Max(positions, head.Positions[slots - 1] + 1);
            }

            return positions;
        }
    }

    /// <summary>Pages set aside for this cache and not yet spent.</summary>
    public int ReservedPages => _reservation?.RemainingPages ?? 0;

    /// <summary>Filled slots of a head.</summary>
    public int Length(int layer, int head) => Head(layer, head).Length;

    /// <summary>Pages of a head's keys, in order; past the filled slots they are prepared for appending.</summary>
    public ReadOnlySpan<int> KeyPages(int layer, int head) => Head(layer, head).Keys.Span;

    /// <summary>Pages of a head's values, in order; past the filled slots they are prepared for appending.</summary>
    public ReadOnlySpan<int> ValuePages(int layer, int head) => Head(layer, head).Values.Span;

    /// <summary>Pages of a head's attention biases, in order; empty where no slot of the head has one.</summary>
    public ReadOnlySpan<int> BiasPages(int layer, int head)
    {
        CachedHead cached = Head(layer, head);
        return cached.Biases is null ? [] : cached.Biases.Span;
    }

    /// <summary>The position a slot's token has in the conversation.</summary>
    public int OriginalPosition(int layer, int head, int slot)
    {
        CachedHead cached = Head(layer, head);
        return (uint)slot < (uint)cached.Length
            ? cached.Positions[slot]
            : throw new ArgumentOutOfRangeException(nameof(slot), slot, $"the head has {cached.Length} slots");
    }

    /// <summary>How many filled slots of a head have a position below the given one; those are its first.</summary>
    public int SlotsBefore(int layer, int head, int position)
    {
        CachedHead cached = Head(layer, head);
        return Math.Max(0, cached.Positions.SlotsBefore(position, cached.Length));
    }

    /// <summary>Original positions of all filled slots of a head: <paramref name="destination"/> holds exactly <see cref="Length"/>.</summary>
    public void FillPositions(int layer, int head, Span<int> destination)
    {
        CachedHead cached = Head(layer, head);
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, cached.Length, nameof(destination));
        cached.Positions.Fill(destination);
    }

    /// <summary>The first slot from which positions follow each other up to the logical length: 0 unless the head was compacted.</summary>
    public int TailStart(int layer, int head) => Head(layer, head).Positions.TailStart;

    /// <summary>Another cache with the same contents that shares all pages, unpinned and without a reservation.</summary>
    public KvCache Fork()
    {
        ThrowIfDisposed();

        // The shared tail page may not be written any more: what was prepared must be prepared again.
        _prepared = 0;
        return new KvCache(this);
    }

    /// <summary>Marks the cache as in use; counted.</summary>
    public void Pin()
    {
        ThrowIfDisposed();
        if (_pins++ == 0)
        {
            ForEachList(Pool.Pin);
        }
    }

    /// <summary>Takes one <see cref="Pin"/> back.</summary>
    public void Unpin()
    {
        ThrowIfDisposed();
        if (_pins == 0)
        {
            throw new InvalidOperationException("the cache is not pinned");
        }

        if (--_pins == 0)
        {
            ForEachList(Pool.Unpin);
        }
    }

    /// <summary>Lets go of all pages, of the reservation and of a companion that holds anything; more than once does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _reservation?.Dispose();
        foreach (CachedHead head in _heads)
        {
            Trim(head, 0);
        }

        (Companion as IDisposable)?.Dispose();
    }

    private CachedHead Head(int layer, int head)
    {
        ThrowIfDisposed();
        return (uint)layer < (uint)Geometry.Layers && (uint)head < (uint)Geometry.KvHeads
            ? _heads[(layer * Geometry.KvHeads) + head]
            : throw new ArgumentOutOfRangeException(
                nameof(head), $"layer {layer}, head {head} of {Geometry.Layers} layers with {Geometry.KvHeads} KV heads");
    }

    /// <summary>Frees the pages that the first <paramref name="length"/> slots of a head do not need.</summary>
    private void Trim(CachedHead head, int length)
    {
        int rows = Geometry.PagesForRows(length);
        Shorten(head.Keys, rows);
        Shorten(head.Values, rows);
        if (head.Biases is not null)
        {
            Shorten(head.Biases, Geometry.PagesForBiases(length));
        }
    }

    private void Shorten(PageList list, int pages)
    {
        if (list.Count > pages)
        {
            Pool.Release(list.Span[pages..], IsPinned);
            list.Shorten(pages);
            _shortened++;
        }
    }

    /// <summary>Pages up to the last one that others hold too.</summary>
    private int SharedPages(PageList list)
    {
        int pages = list.Count;
        while (pages > 0 && Pool.References(list[pages - 1]) == 1)
        {
            pages--;
        }

        return pages;
    }

    private void ForEachList(Action<ReadOnlySpan<int>> action)
    {
        foreach (CachedHead head in _heads)
        {
            action(head.Keys.Span);
            action(head.Values.Span);
            if (head.Biases is not null)
            {
                action(head.Biases.Span);
            }
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
}
