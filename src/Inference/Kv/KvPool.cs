using System.Buffers;
using System.Diagnostics;

namespace KVCluster.Inference.Kv;

/// <summary>
/// Hands out the pages of an arena: a free list, how many caches hold each page, and how many of those are pinned. Every change is written
/// to the ledger in the same step. Safe for any number of threads.
/// </summary>
public sealed class KvPool
{
    private readonly Lock _gate = new();
    private readonly int[] _references;
    private readonly int[] _pins;
    private readonly int[] _free;
    private int _freeCount;
    private int _shared;

    /// <summary>All pages free. The store and the ledger must have <paramref name="pageCount"/> pages of this shape.</summary>
    public KvPool(KvGeometry geometry, int pageCount, IKvPageStore store, MemoryLedger ledger)
    {
        ArgumentNullException.ThrowIfNull(geometry);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(ledger);
        if (store.Geometry != geometry || store.PageCount != pageCount)
        {
            throw new ArgumentException($"the store has {store.PageCount} pages of {store.Geometry}", nameof(store));
        }

        if (ledger.TotalPages != pageCount || ledger.PageBytes != geometry.PageBytes)
        {
            throw new ArgumentException($"the ledger counts {ledger.TotalPages} pages of {ledger.PageBytes} bytes", nameof(ledger));
        }

        Geometry = geometry;
        PageCount = pageCount;
        Store = store;
        Ledger = ledger;
        _references = new int[pageCount];
        _pins = new int[pageCount];
        _free = new int[pageCount];
        _freeCount = pageCount;
        for (int i = 0; i < pageCount; i++)
        {
            _free[i] = pageCount - 1 - i;
        }
    }

    /// <summary>Shape of the pages.</summary>
    public KvGeometry Geometry { get; }

    /// <summary>Pages there are.</summary>
    public int PageCount { get; }

    /// <summary>The memory behind the pages.</summary>
    public IKvPageStore Store { get; }

    /// <summary>The count of the pages.</summary>
    public MemoryLedger Ledger { get; }

    /// <summary>Pages that several caches hold.</summary>
    public int SharedPages => Volatile.Read(ref _shared);

    /// <summary>How many caches hold this page; 0: it is free.</summary>
    public int References(int page) => Volatile.Read(ref _references[page]);

    /// <summary>How many pinned caches hold this page.</summary>
    public int Pins(int page) => Volatile.Read(ref _pins[page]);

    /// <summary>
    /// Recounts everything and throws where page states, free list and ledger disagree: a fault of this program, never of its input.
    /// </summary>
    public void CheckIntegrity()
    {
        lock (_gate)
        {
            Check();
        }
    }

    /// <summary>Fills <paramref name="pages"/> with pages held once, from the reservation first. All or nothing.</summary>
    internal void Allocate(Span<int> pages, bool pinned, Reservation? reservation)
    {
        lock (_gate)
        {
            Ledger.Take(pages.Length, pinned, reservation);
            for (int i = 0; i < pages.Length; i++)
            {
                int page = _free[--_freeCount];
                _references[page] = 1;
                _pins[page] = pinned ? 1 : 0;
                pages[i] = page;
            }

            AssertIntegrity();
        }
    }

    /// <summary>One more unpinned cache holds these pages.</summary>
    internal void Share(ReadOnlySpan<int> pages)
    {
        lock (_gate)
        {
            foreach (int page in pages)
            {
                Require(_references[page] > 0, page, "shared");
                _shared += _references[page]++ == 1 ? 1 : 0;
            }

            AssertIntegrity();
        }
    }

    /// <summary>A cache, pinned or not, lets go of these pages.</summary>
    internal void Release(ReadOnlySpan<int> pages, bool pinned)
    {
        lock (_gate)
        {
            int free = 0;
            int evictable = 0;
            foreach (int page in pages)
            {
                Require(_references[page] > (pinned ? 0 : _pins[page]) && (!pinned || _pins[page] > 0), page, "released");
                bool wasEvictable = _pins[page] == 0;
                _pins[page] -= pinned ? 1 : 0;
                _shared -= _references[page] == 2 ? 1 : 0;
                if (--_references[page] == 0)
                {
                    _free[_freeCount++] = page;
                    free++;
                    evictable -= wasEvictable ? 1 : 0;
                }
                else if (!wasEvictable && _pins[page] == 0)
                {
                    evictable++;
                }
            }

            Ledger.Move(free, evictable, -free - evictable);
            AssertIntegrity();
        }
    }

    /// <summary>A cache that holds these pages becomes pinned.</summary>
    internal void Pin(ReadOnlySpan<int> pages)
    {
        lock (_gate)
        {
            int moved = 0;
            foreach (int page in pages)
            {
                Require(_pins[page] < _references[page], page, "pinned");
                moved += _pins[page]++ == 0 ? 1 : 0;
            }

            Ledger.Move(0, -moved, moved);
            AssertIntegrity();
        }
    }

    /// <summary>A cache that holds these pages is pinned no longer.</summary>
    internal void Unpin(ReadOnlySpan<int> pages)
    {
        lock (_gate)
        {
            int moved = 0;
            foreach (int page in pages)
            {
                Require(_pins[page] > 0, page, "unpinned");
                moved += --_pins[page] == 0 ? 1 : 0;
            }

            Ledger.Move(0, moved, -moved);
            AssertIntegrity();
        }
    }

    private static void Require(bool condition, int page, string what)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"page {page} is {what} more often than it is held");
        }
    }

    [Conditional("DEBUG")]
    private void AssertIntegrity() => Check();

    private void Check()
    {
        Ledger.CheckIntegrity();
        LedgerSnapshot counted = Ledger.Snapshot();
        int evictable = 0;
        int pinned = 0;
        int shared = 0;
        for (int page = 0; page < PageCount; page++)
        {
            shared += _references[page] > 1 ? 1 : 0;
            Require(_pins[page] >= 0 && _pins[page] <= _references[page], page, "pinned");
            pinned += _pins[page] > 0 ? 1 : 0;
            evictable += _references[page] > 0 && _pins[page] == 0 ? 1 : 0;
        }

        CheckFreeList();
        bool agree = _freeCount == PageCount - evictable - pinned
            && shared == _shared
            && _freeCount == counted.FreePages + counted.ReservedPages
            && evictable == counted.EvictablePages
            && pinned == counted.PinnedPages - counted.ReservedPages;
        if (!agree)
        {
            throw new InvalidOperationException(
                $"the pages ({_freeCount} free, {evictable} evictable, {pinned} pinned) and the ledger disagree: {counted}");
        }
    }

    private void CheckFreeList()
    {
        bool[] listed = ArrayPool<bool>.Shared.Rent(PageCount);
        listed.AsSpan(0, PageCount).Clear();
        for (int i = 0; i < _freeCount; i++)
        {
            int page = _free[i];
            Require(_references[page] == 0 && !listed[page], page, "freed");
            listed[page] = true;
        }

        ArrayPool<bool>.Shared.Return(listed);
    }
}
