using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Tests.Kv;

public unsafe class CpuPageStoreTests
{
    [Fact]
    public void Untouched_pages_cost_nothing_and_pages_are_aligned()
    {
        // More than a machine that runs this need have: only the address space is taken.
        var geometry = new KvGeometry(1, 1, 100, KvElementType.Int8, 16);
        int count = checked((int)((1L << 36) / geometry.PageBytes));
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
        {
            count = 100;
        }

        long before = Environment.WorkingSet;
        using var store = new CpuPageStore(geometry, count);
        foreach (int page in new[] { 0, 1, count / 2, count - 1 })
        {
            Assert.Equal(0, (nint)store.Page(page) % 64);
            float[] row = Enumerable.Range(0, 100).Select(i => (float)i - 28 + (page % 2)).ToArray();
            var back = new float[100];
            store.StoreRow(page, 15, row);
            store.LoadRow(page, 15, back);
            Assert.Equal(0, Math.Abs(row.Zip(back).Max(p => p.First - p.Second)), 0.3);
        }

        // Other tests run meanwhile; the arena would be 64 GiB.
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, 1L << 30);
    }

    [Fact]
    public void An_arena_beyond_the_address_space_is_a_clear_error()
    {
        var geometry = new KvGeometry(1, 1, 1 << 20, KvElementType.F32, 16);
        var e = Assert.Throws<InputException>(() => new CpuPageStore(geometry, int.MaxValue));
        Assert.Contains("cannot reserve a KV arena", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Int8_scales_follow_the_quants_of_a_page()
    {
        var geometry = new KvGeometry(1, 1, 20, KvElementType.Int8, 16);
        using var store = new CpuPageStore(geometry, 2);
        store.StoreRow(1, 3, Enumerable.Range(0, 20).Select(i => i * 12.7f).ToArray());
        Assert.Equal(19 * 12.7f / 127, ((float*)(store.Page(1) + (16 * 20)))[3]);
        Assert.Equal(127, (sbyte)store.Page(1)[(3 * 20) + 19]);
    }

    [Theory]
    [InlineData(KvElementType.F32)]
    [InlineData(KvElementType.BF16)]
    [InlineData(KvElementType.Int8)]
    public void Pages_travel_as_bytes(KvElementType type)
    {
        using var from = new TestArena(8, type);
        using var to = new TestArena(8, type);
        using var cache = new KvCache(from.Pool);
        from.Append(cache, 16);
        int[] pages = [.. cache.KeyPages(0, 0), .. cache.ValuePages(1, 1)];
        var bytes = new byte[2 * from.Geometry.PageBytes];
        from.Store.ExportPages(pages, bytes);
        to.Store.ImportPages([7, 2], bytes);
        var keys = new float[16 * 8];
        to.Store.ReadRows([7], 0, 16, keys);
        Assert.Equal(from.Keys(cache, 0, 0), keys);
        to.Store.ReadRows([2], 0, 16, keys);
        Assert.Equal(from.Values(cache, 1, 1), keys);
        Assert.Throws<ArgumentOutOfRangeException>(() => from.Store.ExportPages(pages, new byte[bytes.Length - 1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => to.Store.ImportPages([1], bytes));
    }

    [Fact]
    public void What_is_not_there_is_refused()
    {
        using var arena = new TestArena(4);
        Assert.Throws<ArgumentOutOfRangeException>(() => arena.Store.StoreRow(4, 0, new float[8]));
        Assert.Throws<ArgumentOutOfRangeException>(() => arena.Store.CopyPage(-1, 0));
        Assert.Throws<ArgumentException>(() => arena.Store.StoreRow(0, 16, new float[8]));
        Assert.Throws<ArgumentException>(() => arena.Store.LoadRow(0, 0, new float[7]));
        Assert.Throws<ArgumentException>(() => arena.Store.Compact([new HeadCompaction(new[] { 0 }, new[] { 1 }, default, new[] { 3, 16 })]));
        Assert.Throws<ArgumentOutOfRangeException>(() => arena.Store.Compact([new HeadCompaction(new[] { 0 }, new[] { 9 }, default, new[] { 3 })]));
        arena.Store.Dispose();
        Assert.Throws<ObjectDisposedException>(() => arena.Store.StoreRow(0, 0, new float[8]));
    }

    [Fact]
    public void Compaction_of_many_heads_runs_in_parallel_to_the_same_end()
    {
        // Large enough to leave the serial path.
        using var arena = new TestArena(2 * 6 * 128, KvElementType.BF16, layers: 2, kvHeads: 3, headSize: 64);
        using var cache = new KvCache(arena.Pool);
        arena.Append(cache, 2048);
        Assert.Equal(0, arena.FreePages);
        var random = new Random(5);
        cache.Compact(arena.Plan((_, _) => Enumerable.Range(0, 2048).Where(_ => random.Next(8) != 0).ToArray()));
        Assert.InRange(cache.Length(1, 2), 1600, 2000);
        arena.AssertContent(cache, _ => 0);
        arena.CheckIntegrity();
    }
}
