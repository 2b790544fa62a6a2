using KVCluster.Grains;

namespace KVCluster.Benchmarks.Sessions;

/// <summary>Managed memory of a session that is active and idle, after one turn.</summary>
internal static class IdleMemory
{
    private const int Sessions = 10_000;
    private const int Tokens = 100;

    public static async Task RunAsync(string model)
    {
        await using Cluster cluster = await Cluster.StartAsync(model, onDisk: true);
        await OpenAsync(cluster, -1);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < Sessions; i++)
        {
            await OpenAsync(cluster, i);
        }

        long bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / Sessions;
        Console.WriteLine($"an idle session with {Tokens} tokens: {bytes} bytes of managed memory ({Sessions} sessions, states on disk)");
    }

    private static async Task OpenAsync(Cluster cluster, int number)
    {
        ISessionGrain session = cluster.Session(number);
        await session.Create(new SessionOptions());
        await session.Append(new AppendRequest { Prompt = Prompt.OfTokens([.. Enumerable.Range(number & 0xFFF, Tokens)]) });
    }
}
