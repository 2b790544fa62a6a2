using Orleans;

namespace KVCluster.Benchmarks.GrainCalls;

/// <summary>What an activation keeps of managed memory once it was called and waits.</summary>
internal static class IdleMemory
{
    public static async Task<double> MeasureAsync(IGrainFactory grains, int activations)
    {
        // Keys apart from those of the call rates; the first ones pay for what is made once.
        const int First = 1_000_000;
        await ActivateAsync(grains, First, 1000);
        long before = Settled();
        await ActivateAsync(grains, First + 1000, activations);
        return (double)(Settled() - before) / activations;
    }

    private static Task ActivateAsync(IGrainFactory grains, int first, int count) =>
        Parallel.ForAsync(first, first + count, async (key, _) => await grains.GetGrain<IEmptyGrain>(key).Call());

    private static long Settled()
    {
        long least = long.MaxValue;
        for (int i = 0; i < 5; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            least = Math.Min(least, GC.GetTotalMemory(forceFullCollection: true));
        }

        return least;
    }
}
