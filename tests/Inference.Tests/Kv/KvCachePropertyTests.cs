using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Tests.Kv;

/// <summary>Random operations on several caches of a tight arena, against a plain model, everything checked after each step.</summary>
public class KvCachePropertyTests
{
    private const int Steps = 500;
    private const int Pages = 150;

    public static TheoryData<KvElementType, int> Seeds()
    {
        var data = new TheoryData<KvElementType, int>();
        foreach (KvElementType type in Enum.GetValues<KvElementType>())
        {
            for (int seed = 1; seed <= 4; seed++)
            {
                data.Add(type, seed);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Random_operations_keep_ledger_pages_and_rows(KvElementType type, int seed)
    {
        using var arena = new TestArena(Pages, type);
        var random = new Random(seed);
        var caches = new List<ModelCache>();
        var outside = new List<Reservation>();
        int refused = 0;
        for (int step = 0; step < Steps; step++)
        {
            LedgerSnapshot before = Swept(arena);
            try
            {
                Act(arena, random, caches, outside, step);
            }
            catch (ArenaFullException e)
            {
                refused++;
                Assert.True(e.NeededBytes > e.FreeBytes);
                Assert.Equal(before, Swept(arena));
            }

            Check(arena, caches, outside);
        }

        Assert.InRange(refused, 1, Steps / 2);
        caches.ForEach(c => c.Cache.Dispose());
        outside.ForEach(r => r.Dispose());
        Assert.Equal(new LedgerSnapshot(arena.Geometry.PageBytes, Pages, Pages, 0, 0, 0), arena.Ledger.Snapshot());
        arena.CheckIntegrity();
    }

    private static void Act(TestArena arena, Random random, List<ModelCache> caches, List<Reservation> outside, int step)
    {
        if (caches.Count == 0 || random.Next(20) == 0)
        {
            caches.Add(new ModelCache(arena, new KvCache(arena.Pool)));
        }

        ModelCache cache = caches[random.Next(caches.Count)];
        switch (random.Next(14))
        {
            case 0 or 1 or 2:
                int tokens = random.Next(1, 30);
                cache.Append(tokens, random.Next(4) == 0 ? tokens + random.Next(20) : 0, step);
                break;
            case 3 when caches.Count < 6:
                caches.Add(cache.Fork());
                break;
            case 4:
                cache.Truncate(random.Next(8) == 0 ? 0 : random.Next(cache.Logical / 2, cache.Logical + 1));
                break;
            case 5 or 6:
                cache.Compact(RandomPlan(arena, random, cache));
                break;
            case 7:
                SetRandomBias(arena, random, cache, random.Next(2) == 0);
                break;
            case 8:
                cache.Pin();
                break;
            case 9 when cache.Pins > 0:
                cache.Unpin();
                break;
            case 10:
                cache.Cache.Reserve(random.Next(40), random.Next(2) == 0 ? null : TimeSpan.FromSeconds(random.Next(1, 5)));
                break;
            case 11:
                Elapse(arena, random, cache, outside);
                break;
            case 12:
                ReserveOutside(arena, random, outside);
                break;
            case 13 when random.Next(3) == 0:
                cache.Cache.Dispose();
                caches.Remove(cache);
                break;
        }
    }

    private static void Elapse(TestArena arena, Random random, ModelCache cache, List<Reservation> outside)
    {
        arena.Time.Advance(TimeSpan.FromSeconds(random.Next(3)));
        if (random.Next(2) == 0)
        {
            cache.Cache.ReleaseReservation();
        }

        outside.ForEach(r => r.Dispose());
        outside.Clear();
    }

    private static void ReserveOutside(TestArena arena, Random random, List<Reservation> outside)
    {
        outside.Add(arena.Ledger.Reserve(random.Next(10), TimeSpan.FromSeconds(2)));
    }

    private static int[][] RandomPlan(TestArena arena, Random random, ModelCache cache)
    {
        double share = random.Next(4) == 0 ? 1 : random.NextDouble();
        bool prefix = random.Next(5) == 0;
        return Enumerable.Range(0, arena.Geometry.Heads)
            .Select(head => Enumerable.Range(0, cache.SlotsOf(head))
                .Where(slot => prefix ? slot < share * cache.SlotsOf(head) : random.NextDouble() < share)
                .ToArray())
            .ToArray();
    }

    private static void SetRandomBias(TestArena arena, Random random, ModelCache cache, bool enableOnly)
    {
        int head = random.Next(arena.Geometry.Heads);
        if (enableOnly || !cache.HasBias(head))
        {
            cache.EnableBias(head);
            return;
        }

        int start = random.Next(cache.SlotsOf(head) + 1);
        int count = random.Next(cache.SlotsOf(head) - start + 1);
        cache.SetBias(head, start, Enumerable.Range(0, count).Select(_ => (float)random.NextDouble()).ToArray());
    }

    private static void Check(TestArena arena, List<ModelCache> caches, List<Reservation> outside)
    {
        caches.ForEach(c => c.Check());
        var references = new int[Pages];
        var pins = new int[Pages];
        foreach (ModelCache cache in caches)
        {
            foreach (int page in PagesOf(arena, cache.Cache))
            {
                references[page]++;
                pins[page] += cache.Cache.IsPinned ? 1 : 0;
            }
        }

        Assert.Equal(references, Enumerable.Range(0, Pages).Select(arena.Pool.References));
        Assert.Equal(pins, Enumerable.Range(0, Pages).Select(arena.Pool.Pins));
        int reserved = caches.Sum(c => c.Cache.ReservedPages) + outside.Sum(r => r.RemainingPages);
        int pinned = pins.Count(p => p > 0);
        int held = references.Count(r => r > 0);
        var expected = new LedgerSnapshot(
            arena.Geometry.PageBytes, Pages, Pages - held - reserved, held - pinned, pinned + reserved, reserved);
        Assert.Equal(expected, Swept(arena));
        arena.CheckIntegrity();
    }

    private static LedgerSnapshot Swept(TestArena arena)
    {
        arena.Ledger.Sweep();
        return arena.Ledger.Snapshot();
    }

    private static List<int> PagesOf(TestArena arena, KvCache cache)
    {
        var pages = new List<int>();
        for (int layer = 0; layer < arena.Geometry.Layers; layer++)
        {
            for (int head = 0; head < arena.Geometry.KvHeads; head++)
            {
                pages.AddRange(cache.KeyPages(layer, head));
                pages.AddRange(cache.ValuePages(layer, head));
                pages.AddRange(cache.BiasPages(layer, head));
            }
        }

        Assert.Equal(pages.Count, pages.Distinct().Count());
        Assert.Equal((long)pages.Count * arena.Geometry.PageBytes, cache.Bytes);
        return pages;
    }
}
