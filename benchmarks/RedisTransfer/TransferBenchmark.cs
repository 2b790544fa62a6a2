using System.Diagnostics;
using KVCluster.Storage.Redis;

namespace KVCluster.Benchmarks.RedisTransfer;

/// <summary>Values between memory cut into pieces (as an arena's pages are) and a server: bytes a second of the client.</summary>
internal sealed class TransferBenchmark(int port, int connections, int depth)
{
    private readonly RedisOptions _options = RedisOptions.Parse($"127.0.0.1:{port}?connections={connections}");

    /// <summary>What <paramref name="calls"/> calls reach, <paramref name="depth"/> at once on each connection.</summary>
    public async Task<Transfer> RunAsync(bool write, int valueBytes, int pieceBytes, int calls)
    {
        await using var client = new RedisClient(_options with { BytesInFlight = 1L << 40 });
        int lanes = connections * depth;
        byte[][] memory = [.. Enumerable.Range(0, lanes).Select(_ => new byte[valueBytes])];
        Memory<byte>[][] pieces = [.. memory.Select(m => Cut(m, pieceBytes))];
        for (int lane = 0; lane < lanes; lane++)
        {
            await CallAsync(client, true, lane, pieces[lane]);
        }

        await Task.WhenAll(Enumerable.Range(0, lanes).Select(lane => CallAsync(client, write, lane, pieces[lane])));
        int next = 0;
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, lanes).Select(lane => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) <= calls)
            {
                await CallAsync(client, write, lane, pieces[lane]);
            }
        })));
        double bytes = (double)calls * valueBytes;
        return new Transfer(
            bytes / Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds / bytes);
    }

    private static async Task CallAsync(RedisClient client, bool write, int lane, Memory<byte>[] pieces)
    {
        RedisCommand command = write
            ? new RedisCommand("SET", $"value:{lane}", new RedisArgument([.. pieces.Select(p => (ReadOnlyMemory<byte>)p)]))
            : new RedisCommand("GET", $"value:{lane}") { Destination = pieces };
        await client.ExecuteAsync(command, default);
    }

    private static Memory<byte>[] Cut(byte[] memory, int piece) =>
        [.. Enumerable.Range(0, (memory.Length + piece - 1) / piece)
            .Select(i => memory.AsMemory(i * piece, Math.Min(piece, memory.Length - (i * piece))))];
}
