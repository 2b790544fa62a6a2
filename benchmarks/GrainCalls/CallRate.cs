using System.Diagnostics;
using Orleans;

namespace KVCluster.Benchmarks.GrainCalls;

/// <summary>How many calls a second a number of callers make, each waiting for its answer before it calls its own grain again.</summary>
internal static class CallRate
{
    public static async Task<double> MeasureAsync(IGrainFactory grains, int callers, TimeSpan time)
    {
        Stopwatch watch = Stopwatch.StartNew();
        long[] calls = await Task.WhenAll(Enumerable.Range(0, callers).Select(key => Task.Run(async () =>
        {
            IEmptyGrain grain = grains.GetGrain<IEmptyGrain>(key);
            long count = 0;
            while (watch.Elapsed < time)
            {
                // Reading the clock once in 16 calls keeps it out of the figure.
                for (int i = 0; i < 16; i++, count++)
                {
                    await grain.Call();
                }
            }

            return count;
        })));
        return calls.Sum() / watch.Elapsed.TotalSeconds;
    }
}
