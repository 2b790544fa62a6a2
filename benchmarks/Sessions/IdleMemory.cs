using KVCluster.Grains;

namespace KVCluster.Benchmarks.Sessions;

/// <summary>Managed memory of a session that is active and idle, after one turn.</summary>
internal static class IdleMemory
{
    private const int Sessions = 10_000;
    private const int Tokens = 100;

    // Ids below 128 take a byte each.
    private const int ArrayHeader = 24;

    public static async Task RunAsync(string model)
    {
        await using Cluster cluster = await Cluster.StartAsync(model, onDisk: true);
        await OpenAsync(cluster, -1);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < Sessions; i++)
        {
            await OpenAsync(cluster, i);
        }

        // A session is idle once its cache was saved and the timer for that has gone. The engine looks for idle activations once in an interval, and
        // gives back what their last calls needed.
        await Task.Delay(new GrainOptions().IdleSaveDelay + (2 * Cluster.SweepInterval));
        long bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / Sessions;
        Console.WriteLine($"an idle session: {bytes} bytes of managed memory, {Tokens + ArrayHeader} of them its {Tokens} tokens ({Sessions} sessions, states on disk)");
    }

    private static async Task OpenAsync(Cluster cluster, int number)
    {
        ISessionGrain session = cluster.Session(number);
        await session.Create(new SessionOptions());

        // Histories that differ from the start, as those of conversations do.
        int[] history = [number & 127, (number >> 7) & 127, .. Enumerable.Range(0, Tokens - 2)];
        await session.Append(new AppendRequest { Prompt = Prompt.OfTokens(history) });
    }
}
