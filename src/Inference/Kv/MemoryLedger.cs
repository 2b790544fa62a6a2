using System.Diagnostics;

namespace KVCluster.Inference.Kv;

/// <summary>
/// Counts every page of one arena: free + evictable + pinned = total, at each instant. Reservations come before allocations, so a turn that
/// was admitted never runs out half-way. Safe for any number of threads.
/// </summary>
public sealed class MemoryLedger
{
    private readonly Lock _gate = new();
    private readonly HashSet<Reservation> _reservations = [];
    private readonly TimeProvider _time;
    private int _free;
    private int _evictable;
    private int _pinned;
    private int _reserved;

    /// <summary>A ledger of <paramref name="totalPages"/> free pages; leases are timed by <paramref name="time"/>.</summary>
    public MemoryLedger(int totalPages, long pageBytes, TimeProvider? time = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(totalPages);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pageBytes);
        TotalPages = totalPages;
        PageBytes = pageBytes;
        _free = totalPages;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>All pages.</summary>
    public int TotalPages { get; }

    /// <summary>Bytes a page.</summary>
    public long PageBytes { get; }

    /// <summary>All counts at one instant.</summary>
    public LedgerSnapshot Snapshot()
    {
        lock (_gate)
        {
            return Now();
        }
    }

    /// <summary>
    /// Sets pages aside, for <paramref name="lease"/> at most (null: until disposed). Throws <see cref="ArenaFullException"/> where fewer are
    /// free.
    /// </summary>
    public Reservation Reserve(int pages, TimeSpan? lease = null)
    {
        var reservation = new Reservation(this);
        Resize(reservation, pages, lease);
        return reservation;
    }

    /// <summary>Gives back what expired reservations have not spent; returns how many pages that was.</summary>
    public int Sweep()
    {
        lock (_gate)
        {
            return SweepExpired(_time.GetTimestamp());
        }
    }

    /// <summary>Throws where the counts contradict each other: a fault of this program, never of its input.</summary>
    public void CheckIntegrity()
    {
        lock (_gate)
        {
            Check();
        }
    }

    internal int Remaining(Reservation reservation)
    {
        lock (_gate)
        {
            return Expired(reservation, _time.GetTimestamp()) ? 0 : reservation.Unspent;
        }
    }

    internal void Resize(Reservation reservation, int pages, TimeSpan? lease)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pages);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lease ?? TimeSpan.MaxValue, TimeSpan.Zero, nameof(lease));
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(reservation.Closed, reservation);
            long now = StartUse(reservation);
            int more = pages - reservation.Unspent;
            RequireFree(more, now);
            _free -= more;
            _pinned += more;
            _reserved += more;
            reservation.Unspent = pages;
            reservation.Deadline = DeadlineOf(lease, now);
            _reservations.Add(reservation);
            AssertIntegrity();
        }
    }

    internal void Close(Reservation reservation)
    {
        lock (_gate)
        {
            reservation.Closed = true;
            GiveBack(reservation);
            AssertIntegrity();
        }
    }

    /// <summary>Takes pages for a holder: first from its reservation, then from the free ones. All or nothing.</summary>
    internal void Take(int pages, bool pinned, Reservation? reservation)
    {
        lock (_gate)
        {
            long now = StartUse(reservation);
            int spent = Math.Min(pages, reservation?.Unspent ?? 0);
            RequireFree(pages - spent, now);
            if (spent > 0)
            {
                reservation!.Unspent -= spent;
                _reserved -= spent;
                _pinned -= spent;
            }

            _free -= pages - spent;
            _pinned += pinned ? pages : 0;
            _evictable += pinned ? 0 : pages;
            AssertIntegrity();
        }
    }

    /// <summary>Moves pages between the states; the changes add up to zero.</summary>
    internal void Move(int free, int evictable, int pinned)
    {
        lock (_gate)
        {
            _free += free;
            _evictable += evictable;
            _pinned += pinned;
            AssertIntegrity();
        }
    }

    /// <summary>
    /// Gives an expired reservation back and returns the time of that decision, which holds for the whole change: were the clock read again,
    /// a sweep could take the very pages that the change counts on.
    /// </summary>
    private long StartUse(Reservation? reservation)
    {
        long now = _time.GetTimestamp();
        if (reservation is not null && Expired(reservation, now))
        {
            GiveBack(reservation);
        }

        return now;
    }

    private void RequireFree(int pages, long now)
    {
        if (pages <= _free)
        {
            return;
        }

        SweepExpired(now);
        if (pages > _free)
        {
            throw new ArenaFullException(pages, Now());
        }
    }

    private int SweepExpired(long now)
    {
        int pages = 0;
        foreach (Reservation reservation in _reservations)
        {
            // Removal while enumerating is allowed for this collection.
            pages += Expired(reservation, now) ? GiveBack(reservation) : 0;
        }

        AssertIntegrity();
        return pages;
    }

    private int GiveBack(Reservation reservation)
    {
        int pages = reservation.Unspent;
        reservation.Unspent = 0;
        _free += pages;
        _pinned -= pages;
        _reserved -= pages;
        _reservations.Remove(reservation);
        return pages;
    }

    private static bool Expired(Reservation reservation, long now) => reservation.Deadline != long.MaxValue && now >= reservation.Deadline;

    private long DeadlineOf(TimeSpan? lease, long now)
    {
        double ticks = (lease ?? TimeSpan.MaxValue).TotalSeconds * _time.TimestampFrequency;
        return ticks >= long.MaxValue - now ? long.MaxValue : now + (long)ticks;
    }

    private LedgerSnapshot Now() => new(PageBytes, TotalPages, _free, _evictable, _pinned, _reserved);

    [Conditional("DEBUG")]
    private void AssertIntegrity() => Check();

    private void Check()
    {
        long unspent = 0;
        foreach (Reservation reservation in _reservations)
        {
            unspent += reservation.Unspent;
        }

        bool sums = (long)_free + _evictable + _pinned == TotalPages && _reserved == unspent;
        bool signs = _free >= 0 && _evictable >= 0 && _reserved >= 0 && _pinned >= _reserved;
        if (!sums || !signs)
        {
            throw new InvalidOperationException($"the memory ledger contradicts itself: {Now()}");
        }
    }
}
