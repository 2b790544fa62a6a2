using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Tests.Kv;

public sealed class KvCacheLayoutTests
{
    [Fact]
    public void A_restored_cache_has_the_same_layout_and_goes_on_as_the_original_does()
    {
        using var arena = new TestArena(200);
        using var original = new KvCache(arena.Pool);
        arena.Append(original, 40);
        original.Compact(arena.Plan((l, h) => [.. Enumerable.Range(0, 40).Where(i => (i + l) % (h + 2) == 0)]));
        arena.Append(original, 20);
        using var copy = new KvCache(arena.Pool);
        copy.Restore(original.Layout());
        CopyRows(arena, original, copy);

        foreach (KvCache cache in new[] { original, copy })
        {
            arena.Append(cache, 5);
            cache.Truncate(50);
            arena.Append(cache, 3);
            arena.AssertContent(cache, _ => 0);
        }

        AssertSame(original, copy);
        arena.CheckIntegrity();
    }

    [Fact]
    public void Closed_positions_and_biases_come_back()
    {
        using var arena = new TestArena(200);
        using var original = new KvCache(arena.Pool);
        arena.Append(original, 40);
        original.Compact(arena.Plan((l, h) => [.. Enumerable.Range(0, 10 + h)]));
        original.PrepareKeyRewrite();
        original.CommitClosedPositions();
        original.EnableBias(1, 0);
        original.SetBias(1, 0, 3, [1.5f, -2]);
        using var copy = new KvCache(arena.Pool);
        copy.Restore(original.Layout());
        for (int page = 0; page < original.BiasPages(1, 0).Length; page++)
        {
            arena.Store.CopyPage(original.BiasPages(1, 0)[page], copy.BiasPages(1, 0)[page]);
        }

        AssertSame(original, copy);
        var biases = new float[10];
        arena.Store.ReadBiases(copy.BiasPages(1, 0), 0, biases);
        Assert.Equal([0, 0, 0, 1.5f, -2, 0, 0, 0, 0, 0], biases);
        Assert.True(copy.BiasPages(0, 0).IsEmpty);
    }

    [Fact]
    public void An_exact_cache_is_exact_again()
    {
        using var arena = new TestArena(64);
        using var original = new KvCache(arena.Pool);
        arena.Append(original, 17);
        using var copy = new KvCache(arena.Pool);
        copy.Restore(original.Layout());
        Assert.True(copy.IsExact);
        Assert.Equal(original.PageCount, copy.PageCount);
        Assert.Equal(copy.PageCount, original.Layout().PagesIn(arena.Geometry));
        Assert.All(original.Layout().Heads, h => Assert.Null(h.Positions));
    }

    [Fact]
    public void Restoring_spends_the_reservation()
    {
        using var arena = new TestArena(32);
        using var copy = new KvCache(arena.Pool);
        copy.Reserve(32);
        using var other = new KvCache(arena.Pool);
        arena.Append(other, 32);
        Assert.Equal(0, arena.FreePages);

        copy.Restore(new KvCacheLayout { LogicalLength = 32, IsExact = true, Heads = [.. Enumerable.Repeat(new KvHeadLayout(32), 4)] });
        Assert.Equal(0, copy.ReservedPages);
        arena.CheckIntegrity();
    }

    [Fact]
    public void A_full_arena_leaves_the_cache_empty()
    {
        using var arena = new TestArena(16);
        using var copy = new KvCache(arena.Pool);
        Assert.Throws<ArenaFullException>(() =>
            copy.Restore(new KvCacheLayout { LogicalLength = 40, IsExact = true, Heads = [.. Enumerable.Repeat(new KvHeadLayout(40), 4)] }));
        Assert.Equal((0, 0, true), (copy.LogicalLength, copy.PageCount, copy.IsExact));
        Assert.Equal(16, arena.FreePages);
    }

    [Fact]
    public void Slots_cut_off_after_a_restore_free_their_pages()
    {
        using var arena = new TestArena(64);
        using var copy = new KvCache(arena.Pool);
        copy.Restore(new KvCacheLayout
        {
            LogicalLength = 90,
            IsExact = false,
            Heads = [.. Enumerable.Repeat(new KvHeadLayout(40, HasBiases: true), 4)],
        });
        Assert.Equal(90, copy.LogicalLength);
        Assert.Equal(39, copy.OriginalPosition(0, 0, 39));
        copy.Truncate(0);
        Assert.Equal((64, true), (arena.FreePages, copy.IsExact));
    }

    public static TheoryData<int, bool, int, int[]?> Impossible() => new()
    {
        { 10, true, 9, null },
        { 10, false, 11, null },
        { 10, false, -1, null },
        { 10, false, 2, [3, 3] },
        { 10, false, 2, [3, 10] },
        { 10, false, 2, [-1, 1] },
        { 10, false, 3, [1, 2] },
        { -1, false, 0, null },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public void An_impossible_layout_is_refused(int logical, bool exact, int length, int[]? positions)
    {
        using var arena = new TestArena(64);
        using var copy = new KvCache(arena.Pool);
        ReadOnlyMemory<int>? list = positions is null ? null : positions.AsMemory();
        var layout = new KvCacheLayout
        {
            LogicalLength = logical,
            IsExact = exact,
            Heads = [.. Enumerable.Repeat(new KvHeadLayout(length, list), 4)],
        };
        Assert.Throws<ArgumentException>(() => copy.Restore(layout));
        Assert.Throws<ArgumentException>(() => copy.Restore(layout with { Heads = [] }));
        Assert.Equal(64, arena.FreePages);
    }

    [Fact]
    public void Only_an_empty_cache_is_restored()
    {
        using var arena = new TestArena(64);
        using var cache = new KvCache(arena.Pool);
        arena.Append(cache, 3);
        Assert.Throws<InvalidOperationException>(() => cache.Restore(cache.Layout()));
    }

    [Theory]
    [InlineData(KvElementType.F32)]
    [InlineData(KvElementType.Int8)]
    public void Page_memory_is_the_page_itself(KvElementType type)
    {
        using var arena = new TestArena(8, type);
        float[] row = arena.Row(7);
        arena.Store.StoreRow(5, 2, row);
        var exported = new byte[arena.Geometry.PageBytes];
        arena.Store.ExportPages([5], exported);
        Assert.Equal(exported, arena.Store.PageMemory(5).ToArray());

        arena.Store.PageMemory(5).Span.CopyTo(arena.Store.PageMemory(6).Span);
        var read = new float[row.Length];
        arena.Store.LoadRow(6, 2, read);
        Assert.Equal(row, read);
        Assert.Throws<ArgumentOutOfRangeException>(() => arena.Store.PageMemory(8));
    }

    [Fact]
    public void Page_memory_does_not_outlive_the_store()
    {
        var store = new CpuPageStore(new KvGeometry(1, 1, 8, KvElementType.F32, 16), 2);
        Memory<byte> page = store.PageMemory(1);
        store.Dispose();
        Assert.Throws<ObjectDisposedException>(() => page.Span.Length);
    }

    private static void CopyRows(TestArena arena, KvCache from, KvCache to)
    {
        for (int i = 0; i < arena.Geometry.Heads; i++)
        {
            int layer = i / arena.Geometry.KvHeads;
            int head = i % arena.Geometry.KvHeads;
            arena.Store.CopyPages(from.KeyPages(layer, head), to.KeyPages(layer, head));
            arena.Store.CopyPages(from.ValuePages(layer, head), to.ValuePages(layer, head));
        }
    }

    private static void AssertSame(KvCache expected, KvCache actual)
    {
        Assert.Equal((expected.LogicalLength, expected.IsExact), (actual.LogicalLength, actual.IsExact));
        KvCacheLayout want = expected.Layout();
        KvCacheLayout got = actual.Layout();
        for (int i = 0; i < want.Heads.Count; i++)
        {
            Assert.Equal((want.Heads[i].Length, want.Heads[i].HasBiases), (got.Heads[i].Length, got.Heads[i].HasBiases));
            Assert.Equal(want.Heads[i].Positions?.ToArray(), got.Heads[i].Positions?.ToArray());
        }
    }
}
