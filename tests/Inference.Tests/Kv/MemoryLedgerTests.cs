using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Tests.Kv;

public class MemoryLedgerTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void A_reservation_counts_as_pinned_until_spent_or_given_back()
    {
        var ledger = new MemoryLedger(10, 64, _time);
        using Reservation reservation = ledger.Reserve(6);
        Assert.Equal(new LedgerSnapshot(64, 10, 4, 0, 6, 6), ledger.Snapshot());
        ledger.Take(5, pinned: false, reservation);
        Assert.Equal(new LedgerSnapshot(64, 10, 4, 5, 1, 1), ledger.Snapshot());
        ledger.Take(2, pinned: true, reservation);
        Assert.Equal(new LedgerSnapshot(64, 10, 3, 5, 2, 0), ledger.Snapshot());
        reservation.Resize(3);
        Assert.Equal(new LedgerSnapshot(64, 10, 0, 5, 5, 3), ledger.Snapshot());
        reservation.Dispose();
        reservation.Dispose();
        Assert.Equal(new LedgerSnapshot(64, 10, 3, 5, 2, 0), ledger.Snapshot());
        Assert.Throws<ObjectDisposedException>(() => reservation.Resize(1));
        ledger.CheckIntegrity();
    }

    [Fact]
    public void Too_much_is_refused_with_the_numbers_and_changes_nothing()
    {
        var ledger = new MemoryLedger(10, 64, _time);
        using Reservation reservation = ledger.Reserve(6);
        ledger.Take(1, pinned: false, null);
        LedgerSnapshot before = ledger.Snapshot();
        var e = Assert.Throws<ArenaFullException>(() => ledger.Reserve(4));
        Assert.Equal((4 * 64, 3 * 64, 1 * 64), (e.NeededBytes, e.FreeBytes, e.EvictableBytes));
        Assert.Throws<ArenaFullException>(() => reservation.Resize(10));
        Assert.Throws<ArenaFullException>(() => ledger.Take(10, pinned: true, reservation));
        Assert.Equal(before, ledger.Snapshot());
        Assert.Equal(6, reservation.RemainingPages);
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.Reserve(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.Reserve(1, TimeSpan.Zero));
    }

    [Fact]
    public void An_expired_lease_goes_back_when_swept()
    {
        var ledger = new MemoryLedger(10, 64, _time);
        Reservation timed = ledger.Reserve(6, TimeSpan.FromSeconds(5));
        Reservation endless = ledger.Reserve(1, TimeSpan.MaxValue);
        ledger.Take(2, pinned: true, timed);
        _time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        Assert.Equal(0, ledger.Sweep());
        Assert.Equal(4, timed.RemainingPages);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(0, timed.RemainingPages);
        Assert.Equal(3, ledger.Snapshot().FreePages);
        Assert.Equal(4, ledger.Sweep());
        Assert.Equal(new LedgerSnapshot(64, 10, 7, 0, 3, 1), ledger.Snapshot());
        Assert.Equal(1, endless.RemainingPages);
    }

    [Fact]
    public void An_expired_lease_goes_back_when_others_need_it()
    {
        var ledger = new MemoryLedger(10, 64, _time);
        Reservation old = ledger.Reserve(9, TimeSpan.FromSeconds(1));
        Assert.Throws<ArenaFullException>(() => ledger.Reserve(2));
        _time.Advance(TimeSpan.FromSeconds(1));
        ledger.Take(8, pinned: false, null);
        Assert.Equal(new LedgerSnapshot(64, 10, 2, 8, 0, 0), ledger.Snapshot());

        // The holder's own pages are gone too: it competes with everyone else, or takes a new lease.
        Assert.Throws<ArenaFullException>(() => ledger.Take(3, pinned: true, old));
        old.Resize(2, TimeSpan.FromSeconds(1));
        Assert.Equal(2, old.RemainingPages);
        _time.Advance(TimeSpan.FromSeconds(2));
        ledger.Take(2, pinned: true, old);
        Assert.Equal(new LedgerSnapshot(64, 10, 0, 8, 2, 0), ledger.Snapshot());
    }

    [Fact]
    public void The_check_finds_a_contradiction()
    {
        var ledger = new MemoryLedger(10, 64, _time);
        Assert.Throws<InvalidOperationException>(() =>
        {
            ledger.Move(-1, 0, 0);
            ledger.CheckIntegrity();
        });
    }
}
