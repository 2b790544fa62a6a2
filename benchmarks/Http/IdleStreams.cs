using System.Diagnostics;

namespace KVCluster.Benchmarks.Http;

/// <summary>Streams that have begun and wait for their next token: what keeping them open costs.</summary>
internal static class IdleStreams
{
    private const int Streams = 500;
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(string model)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using StubServer server = await StubServer.StartAsync(model, token => token == 0 ? Task.CompletedTask : gate.Task);
        double without = await ShareAsync();
        EventStream[] open = await Task.WhenAll(Enumerable.Range(0, Streams).Select(async i =>
        {
            string body = $$"""{"model":"m","messages":[{"role":"user","content":"Question {{i}}"}],"max_tokens":2,"stream":true}""";
            EventStream stream = await EventStream.PostAsync(server.Address, body);
            await stream.ReadAsync(atLeast: 1);
            return stream;
        }));
        // The first look still has the compiler's work on what has just run.
        double[] with = [await ShareAsync(), await ShareAsync(), await ShareAsync()];
        gate.SetResult();
        await Task.WhenAll(open.Select(async stream =>
        {
            await stream.ReadAsync();
            stream.Dispose();
        }));
        Console.WriteLine($"{Streams} open streams that wait: {with.Min() * 100:0.00} % of a core, {without * 100:0.00} % without them (over {Watched.TotalSeconds:0} s, the least of {with.Length})");
    }

    private static async Task<double> ShareAsync()
    {
        GC.Collect();
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        await Task.Delay(Watched);
        return (Environment.CpuUsage.TotalTime - processor) / Stopwatch.GetElapsedTime(start);
    }
}
