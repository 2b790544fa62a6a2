using KVCluster.Compression;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Tests.Kv;

public class KvCacheCompactionTests
{
    private const int PagesAStep = 8;

    [Theory]
    [InlineData(KvElementType.F32)]
    [InlineData(KvElementType.BF16)]
    [InlineData(KvElementType.Int8)]
    public void A_completely_full_arena_compacts_without_a_spare_page(KvElementType type)
    {
        using var arena = new TestArena(8 * PagesAStep, type);
        using var cache = new KvCache(arena.Pool);
        arena.Append(cache, 128);
        Assert.Equal(0, arena.FreePages);

        // Ragged: each head keeps another share, one nothing at all, one everything.
        RetentionPlan plan = arena.Plan((layer, head) => (layer, head) switch
        {
            (0, 0) => Enumerable.Range(0, 128).ToArray(),
            (0, 1) => [],
            (1, 0) => Enumerable.Range(0, 128).Where(i => i % 4 == 3).ToArray(),
            _ => Enumerable.Range(30, 50).Append(127).ToArray(),
        });
        cache.Compact(plan);
        Assert.Equal((128, 0, 32, 51), (cache.Length(0, 0), cache.Length(0, 1), cache.Length(1, 0), cache.Length(1, 1)));
        Assert.Equal((128, false), (cache.LogicalLength, cache.IsExact));
        Assert.Equal(64 - (2 * (8 + 0 + 2 + 4)), arena.FreePages);
        Assert.Equal((0, 51), (cache.TailStart(0, 0), cache.TailStart(1, 1)));
        Assert.Equal(127, cache.OriginalPosition(1, 1, 50));
        arena.AssertContent(cache, _ => 0);

        arena.Append(cache, 20);
        Assert.Equal((148, 20), (cache.LogicalLength, cache.Length(0, 1)));
        Assert.Equal((128, 147), (cache.OriginalPosition(0, 1, 0), cache.OriginalPosition(1, 1, 70)));
        arena.AssertContent(cache, _ => 0);
        arena.CheckIntegrity();
    }

    [Fact]
    public void A_plan_that_keeps_everything_changes_nothing()
    {
        using var arena = new TestArena(64);
        using var cache = new KvCache(arena.Pool);
        arena.Append(cache, 50);
        cache.PrepareAppend(1);
        using KvCache fork = cache.Fork();
        int[] pages = cache.KeyPages(1, 1).ToArray();
        cache.Compact(arena.Plan((_, _) => Enumerable.Range(0, 50).ToArray()));
        Assert.True(cache.IsExact);
        Assert.Equal(pages, cache.KeyPages(1, 1).ToArray());
        Assert.Equal(64 - (4 * PagesAStep), arena.FreePages);
    }

    [Fact]
    public void Shared_pages_are_copied_only_where_they_are_written()
    {
        using var arena = new TestArena(128);
        using var cache = new KvCache(arena.Pool);
        arena.Append(cache, 80);
        using KvCache fork = cache.Fork();

        // Rows before 20 stay: page 0 is not written, pages 1 and 2 are, pages 3 and 4 are let go.
        int[] kept = [.. Enumerable.Range(0, 20), .. Enumerable.Range(50, 25)];
        cache.Compact(arena.Plan((_, _) => kept));
        Assert.Equal(128 - (5 * PagesAStep) - (2 * PagesAStep), arena.FreePages);
        Assert.Equal(2, arena.Pool.References(cache.KeyPages(0, 0)[0]));
        Assert.Equal((3, 1), (cache.KeyPages(0, 0).Length, arena.Pool.References(cache.KeyPages(0, 0)[1])));
        arena.AssertContent(cache, _ => 0);
        arena.AssertContent(fork, _ => 0);
        Assert.True(fork.IsExact);

        // Cutting the end off writes nothing, so it copies nothing.
        int free = arena.FreePages;
        fork.Compact(arena.Plan((_, _) => Enumerable.Range(0, 33).ToArray()));
        Assert.Equal(free + (2 * PagesAStep), arena.FreePages);
        arena.AssertContent(fork, _ => 0);
        arena.CheckIntegrity();
    }

    [Fact]
    public void Compaction_repeats_and_truncation_cuts_by_position()
    {
        using var arena = new TestArena(128);
        using var cache = new KvCache(arena.Pool);
        arena.Append(cache, 60);
        cache.Compact(arena.Plan((_, head) => Enumerable.Range(0, 60).Where(i => i % 3 == head).ToArray()));
        arena.Append(cache, 30);
        Assert.Equal(90, cache.LogicalLength);
        cache.Compact(arena.Plan((_, head) => Enumerable.Range(0, 50).Where(i => i % 2 == head).ToArray()));
        arena.AssertContent(cache, _ => 0);
        arena.Append(cache, 10);
        using KvCache fork = cache.Fork();

        cache.Truncate(95);
        Assert.Equal((30, 30), (cache.Length(0, 0), cache.Length(0, 1)));
        cache.Truncate(61);
        Assert.Equal(60, cache.OriginalPosition(0, 0, cache.Length(0, 0) - 1));
        cache.Truncate(31);
        Assert.Equal(30, cache.OriginalPosition(0, 0, cache.Length(0, 0) - 1));
        Assert.Equal((6, 5), (cache.Length(0, 0), cache.Length(0, 1)));
        arena.Append(cache, 4, stream: 1);
        Assert.Equal(31, cache.OriginalPosition(0, 0, 6));
        arena.AssertContent(cache, p => p < 31 ? 0 : 1);
        arena.AssertContent(fork, _ => 0);
        Assert.False(cache.IsExact);
        cache.Truncate(0);
        Assert.True(cache.IsExact);
        arena.Append(cache, 17, stream: 2);
        Assert.Equal(0, cache.TailStart(1, 1));
        arena.AssertContent(cache, _ => 2);
        arena.CheckIntegrity();
    }

    [Fact]
    public void Foreign_plans_are_refused_before_anything_changes()
    {
        using var arena = new TestArena(64);
        using var cache = new KvCache(arena.Pool);
        arena.Append(cache, 10);
        Assert.Throws<ArgumentException>(() => cache.Compact(arena.Plan((layer, _) => layer == 0 ? [0] : [3, 10])));
        Assert.Throws<ArgumentException>(() => cache.Compact(new RetentionPlan(1, 2, [[0], [0]])));
        Assert.Equal(10, cache.Length(0, 0));
        arena.AssertContent(cache, _ => 0);
    }

    [Fact]
    public void Biases_follow_their_slots()
    {
        // 8 floats a row, 16 rows a page: 128 biases a page.
        using var arena = new TestArena(512);
        using var cache = new KvCache(arena.Pool);
        arena.Append(cache, 200);
        cache.EnableBias(1, 0);
        Assert.True(cache.IsExact);
        Assert.Equal((0, 2), (cache.BiasPages(0, 0).Length, cache.BiasPages(1, 0).Length));
        Assert.All(Biases(), b => Assert.Equal(0, b));
        cache.SetBias(1, 0, 100, Enumerable.Range(100, 100).Select(i => (float)i).ToArray());
        Assert.False(cache.IsExact);

        using KvCache fork = cache.Fork();
        fork.SetBias(1, 0, 130, [-1, -2]);
        Assert.Equal(130, Biases()[130]);
        Assert.Equal(cache.BiasPages(1, 0)[0], fork.BiasPages(1, 0)[0]);
        Assert.NotEqual(cache.BiasPages(1, 0)[1], fork.BiasPages(1, 0)[1]);

        int[] kept = Enumerable.Range(0, 200).Where(i => i % 2 == 1).ToArray();
        cache.Compact(arena.Plan((_, _) => kept));
        Assert.Equal(Array.ConvertAll(kept, k => k < 100 ? 0f : k), Biases());
        arena.Append(cache, 60);
        Assert.Equal(new float[60], Biases()[100..]);
        arena.AssertContent(cache, _ => 0);
        Assert.Throws<InvalidOperationException>(() => cache.SetBias(0, 0, 0, [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.SetBias(1, 0, 159, [1, 2]));
        arena.CheckIntegrity();

        float[] Biases()
        {
            var biases = new float[cache.Length(1, 0)];
            arena.Store.ReadBiases(cache.BiasPages(1, 0), 0, biases);
            return biases;
        }
    }
}
