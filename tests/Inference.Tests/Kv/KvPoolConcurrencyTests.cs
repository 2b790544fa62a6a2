using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Tests.Kv;

public class KvPoolConcurrencyTests
{
    [Fact]
    public void Forks_on_many_threads_keep_pool_and_rows()
    {
        using var arena = new TestArena(400);
        var origin = new KvCache(arena.Pool);
        arena.Append(origin, 40);
        KvCache[] forks = Enumerable.Range(0, 6).Select(_ => origin.Fork()).ToArray();
        origin.Dispose();
        Parallel.For(0, forks.Length, new ParallelOptions { MaxDegreeOfParallelism = forks.Length }, i => Work(arena, forks[i], i + 1));
        arena.CheckIntegrity();
        Assert.Equal(400, arena.FreePages);
    }

    private static void Work(TestArena arena, KvCache first, int stream)
    {
        var random = new Random(stream);
        KvCache cache = first;
        for (int round = 0; round < 60; round++)
        {
            cache.Pin();
            cache.Reserve(3);
            int kept = Math.Min(cache.LogicalLength, 40 + random.Next(10));
            cache.Truncate(kept);
            arena.Append(cache, 3 + random.Next(12), stream);
            KvCache fork = cache.Fork();
            arena.Append(fork, 2, stream);
            arena.AssertContent(fork, p => p < 40 ? 0 : stream);
            cache.Dispose();
            cache = fork;
        }

        cache.Compact(arena.Plan((_, head) => Enumerable.Range(0, cache.Length(0, head)).Where(s => s % 3 != head).ToArray()));
        arena.AssertContent(cache, p => p < 40 ? 0 : stream);
        cache.Dispose();
    }
}
