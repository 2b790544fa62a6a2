using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Tests.Kv;

public class KvCacheTests
{
    private const int PagesAStep = 8;

    [Theory]
    [InlineData(KvElementType.F32)]
    [InlineData(KvElementType.BF16)]
    [InlineData(KvElementType.Int8)]
    public void Appended_rows_are_read_back_whatever_the_chunks(KvElementType type)
    {
        using var arena = new TestArena(64, type);
        using var cache = new KvCache(arena.Pool);
        foreach (int tokens in new[] { 1, 15, 16, 3, 40, 1 })
        {
            arena.Append(cache, tokens);
        }

        Assert.Equal((76, 76), (cache.LogicalLength, cache.Length(1, 0)));
        Assert.Equal(5 * PagesAStep, cache.PageCount);
        Assert.Equal(5L * PagesAStep * arena.Geometry.PageBytes, cache.Bytes);
        Assert.Equal(cache.Bytes, cache.ExclusiveBytes);
        Assert.True(cache.IsExact);
        arena.AssertContent(cache, _ => 0);
        arena.CheckIntegrity();
    }

    [Fact]
    public void A_fork_shares_pages_and_then_goes_its_own_way()
    {
        using var arena = new TestArena(64);
        using var origin = new KvCache(arena.Pool);
        arena.Append(origin, 20);
        KvCache fork = origin.Fork();
        Assert.Equal(64 - (2 * PagesAStep), arena.FreePages);
        Assert.Equal((origin.Bytes, 0L), (fork.Bytes, fork.ExclusiveBytes));

        arena.Append(fork, 30, stream: 1);
        Assert.Equal(64 - (2 * PagesAStep) - (3 * PagesAStep), arena.FreePages);
        arena.Append(origin, 5, stream: 2);

        // The fork let go of the tail when it copied it, so the origin writes in place.
        Assert.Equal(64 - (5 * PagesAStep), arena.FreePages);
        Assert.Equal(origin.KeyPages(0, 0)[0], fork.KeyPages(0, 0)[0]);
        arena.AssertContent(fork, p => p < 20 ? 0 : 1);
        arena.AssertContent(origin, p => p < 20 ? 0 : 2);

        fork.Dispose();
        fork.Dispose();
        Assert.Equal(64 - (2 * PagesAStep), arena.FreePages);
        arena.AssertContent(origin, p => p < 20 ? 0 : 2);
        arena.CheckIntegrity();
        Assert.Throws<ObjectDisposedException>(() => fork.PrepareAppend(1));
        Assert.Throws<ObjectDisposedException>(() => fork.KeyPages(0, 0));
    }

    [Fact]
    public void A_fork_equals_a_cache_built_alone()
    {
        using var arena = new TestArena(128, KvElementType.Int8);
        using var origin = new KvCache(arena.Pool);
        using var alone = new KvCache(arena.Pool);
        arena.Append(origin, 37);
        arena.Append(alone, 37);
        using KvCache fork = origin.Fork();
        arena.Append(fork, 9, stream: 3);
        arena.Append(alone, 9, stream: 3);
        Assert.Equal(arena.Keys(alone, 1, 1), arena.Keys(fork, 1, 1));
        Assert.Equal(arena.Values(alone, 0, 1), arena.Values(fork, 0, 1));
        Assert.Equal(alone.LogicalLength, fork.LogicalLength);
    }

    [Fact]
    public void Forking_takes_prepared_room_back_from_the_writer()
    {
        using var arena = new TestArena(64);
        using var cache = new KvCache(arena.Pool);
        arena.Append(cache, 5);
        cache.PrepareAppend(3);
        using KvCache fork = cache.Fork();
        Assert.Throws<InvalidOperationException>(() => cache.CommitAppend(3));
        arena.Append(cache, 3, stream: 1);
        arena.AssertContent(fork, _ => 0);
        arena.AssertContent(cache, p => p < 5 ? 0 : 1);
    }

    [Fact]
    public void A_full_arena_refuses_before_anything_changes()
    {
        using var arena = new TestArena((3 * PagesAStep) + 5);
        using var cache = new KvCache(arena.Pool);
        arena.Append(cache, 40);
        using KvCache fork = cache.Fork();
        LedgerSnapshot before = arena.Ledger.Snapshot();
        int[] pages = cache.KeyPages(0, 0).ToArray();

        // Eight shared tail pages to copy, five free.
        var e = Assert.Throws<ArenaFullException>(() => cache.PrepareAppend(1));
        Assert.Equal((PagesAStep * arena.Ledger.PageBytes, 5 * arena.Ledger.PageBytes), (e.NeededBytes, e.FreeBytes));
        Assert.Equal(24 * arena.Ledger.PageBytes, e.EvictableBytes);
        Assert.Throws<ArenaFullException>(() => cache.Reserve(1));
        Assert.Throws<ArenaFullException>(() => fork.Compact(arena.Plan((_, _) => Enumerable.Range(1, 39).ToArray())));
        Assert.Equal(before, arena.Ledger.Snapshot());
        Assert.Equal(pages, cache.KeyPages(0, 0).ToArray());
        Assert.True(fork.IsExact);
        Assert.Throws<InvalidOperationException>(() => cache.CommitAppend(1));
        arena.AssertContent(fork, _ => 0);
        arena.AssertContent(cache, _ => 0);
        arena.CheckIntegrity();
    }

    [Fact]
    public void A_reserved_turn_fits_although_others_fill_the_arena()
    {
        using var arena = new TestArena(6 * PagesAStep);
        using var turn = new KvCache(arena.Pool);
        using var other = new KvCache(arena.Pool);
        arena.Append(turn, 10);
        turn.Reserve(50);
        Assert.Equal(3 * PagesAStep, turn.ReservedPages);
        arena.Append(other, 32, stream: 1);
        Assert.Equal(0, arena.FreePages);
        Assert.Throws<ArenaFullException>(() => other.PrepareAppend(1));
        for (int i = 0; i < 50; i++)
        {
            arena.Append(turn, 1);
        }

        Assert.Equal(0, turn.ReservedPages);
        arena.AssertContent(turn, _ => 0);
        arena.AssertContent(other, _ => 1);
        turn.Truncate(10);
        turn.Reserve(20, TimeSpan.FromSeconds(1));
        Assert.Equal(2 * PagesAStep, arena.FreePages);
        arena.Time.Advance(TimeSpan.FromSeconds(1));
        arena.Append(other, 48, stream: 1);
        Assert.Equal(0, arena.FreePages);
        turn.ReleaseReservation();
        arena.CheckIntegrity();
    }

    [Fact]
    public void Pinned_pages_are_those_a_pinned_cache_holds()
    {
        using var arena = new TestArena(10 * PagesAStep);
        using var cache = new KvCache(arena.Pool);
        arena.Append(cache, 20);
        KvCache fork = cache.Fork();
        fork.Pin();
        fork.Pin();
        Assert.Equal((2 * PagesAStep, 0), Held(arena));
        arena.Append(fork, 16, stream: 1);
        Assert.Equal((3 * PagesAStep, PagesAStep), Held(arena));
        fork.Unpin();
        Assert.Equal((3 * PagesAStep, PagesAStep), Held(arena));
        fork.Unpin();
        Assert.Equal((0, 4 * PagesAStep), Held(arena));
        Assert.Throws<InvalidOperationException>(fork.Unpin);
        fork.Pin();
        fork.Dispose();
        Assert.Equal((0, 2 * PagesAStep), Held(arena));
        arena.CheckIntegrity();

        static (int Pinned, int Evictable) Held(TestArena a) => (a.Ledger.Snapshot().PinnedPages, a.Ledger.Snapshot().EvictablePages);
    }

    [Fact]
    public void Truncation_drops_the_end_and_frees_its_pages()
    {
        using var arena = new TestArena(64);
        using var cache = new KvCache(arena.Pool);
        arena.Append(cache, 50);
        using KvCache fork = cache.Fork();
        cache.Truncate(18);
        Assert.Equal((18, 18, 2 * PagesAStep), (cache.LogicalLength, cache.Length(0, 1), cache.PageCount));
        arena.Append(cache, 10, stream: 1);
        arena.AssertContent(cache, p => p < 18 ? 0 : 1);
        arena.AssertContent(fork, _ => 0);
        cache.Truncate(0);
        Assert.Equal(0, cache.PageCount);
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Truncate(1));
        arena.CheckIntegrity();
    }

    [Fact]
    public void Steady_appending_allocates_nothing()
    {
        using var arena = new TestArena(64 * PagesAStep);
        using var cache = new KvCache(arena.Pool);
        cache.EnableBias(1, 0);
        Step(cache, 300);
        cache.Truncate(1);
        Step(cache, 20);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Step(cache, 270);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Step(KvCache cache, int tokens)
        {
            for (int i = 0; i < tokens; i++)
            {
                cache.PrepareAppend(1);
                cache.CommitAppend(1);
            }
        }
    }

    [Fact]
    public void What_is_not_there_is_refused()
    {
        using var arena = new TestArena(64);
        using var cache = new KvCache(arena.Pool);
        arena.Append(cache, 4);
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Length(2, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Length(0, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.OriginalPosition(0, 0, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.FillPositions(0, 0, new int[5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.PrepareAppend(-1));
        Assert.Throws<InvalidOperationException>(() => cache.CommitAppend(1));
        Assert.Throws<OverflowException>(() => cache.PrepareAppend(int.MaxValue));
        Assert.Throws<ArgumentException>(() => new KvPool(arena.Geometry, 63, arena.Store, arena.Ledger));
        Assert.Throws<ArgumentException>(() => new KvPool(arena.Geometry, 64, arena.Store, new MemoryLedger(63, 64)));
        Assert.Equal(4, cache.LogicalLength);
        arena.CheckIntegrity();
    }
}
