using System.Diagnostics;

namespace KVCluster.Benchmarks.GrainCalls;

/// <summary>Measures calls a second, elements of a stream a second and the memory of an idle activation.</summary>
internal static class CallBenchmark
{
    /// <summary>Calls a second with so many in flight, each flight to a grain of its own.</summary>
    public static async Task<double> CallsPerSecondAsync(IGrainFactory client, int inFlight, TimeSpan time, Func<ICallGrain, Task> call)
    {
        var end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        var began = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, inFlight).Select(flight => Task.Run(async () =>
        {
            var grain = client.GetGrain<ICallGrain>($"flight {flight}");
            var count = 0L;
            while (Stopwatch.GetTimestamp() < end)
            {
                await call(grain);
                count++;
            }

            return count;
        })));
        return counts.Sum() / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    public static async Task<double> ElementsPerSecondAsync(IGrainFactory client, int count)
    {
        var began = Stopwatch.GetTimestamp();
        var read = 0;
        await foreach (var element in client.GetGrain<ICallGrain>("stream").Count(count))
        {
            read += element == read ? 1 : throw new InvalidOperationException($"Element {element} came in place of {read}.");
        }

        return read / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>Managed bytes that an idle activation takes, with its state, its key and its entries in all tables.</summary>
    public static async Task<double> BytesPerIdleActivationAsync(IGrainFactory client, int activations)
    {
        await client.GetGrain<IIdleGrain>("warm").Touch();
        var before = Settled();
        for (var i = 0; i < activations; i++)
        {
            await client.GetGrain<IIdleGrain>($"tenant/session-{i:D12}").Touch();
        }

        return (Settled() - before) / (double)activations;
    }

    private static long Settled()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
