using System.Diagnostics;
using KVCluster.Inference.Sampling;
using KVCluster.Worker.Serving;

namespace KVCluster.Benchmarks.Http;

/// <summary>What a streamed token costs on its way: session grain, gateway, socket and a client that counts events.</summary>
internal static class TokenCost
{
    private const int Streams = 32;
    private const int Rounds = 5;

    public static async Task RunAsync(string model)
    {
        await using (StubServer server = await StubServer.StartAsync(model))
        {
            (double wall, double processor) = await BestAsync(round => StreamAsync(server.Address, 1000, round));
            Console.WriteLine(
                $"a token over HTTP from a device that takes no time, {Streams} streams: {wall:0.0} us of the clock, {processor:0.0} us of processor time");
        }

        await using RealServer real = await RealServer.StartAsync(model, threads: 1);
        int salt = 0;
        double[] over = new double[Rounds];
        double[] device = new double[Rounds];
        await StreamAsync(real.Host.Address, 20, --salt);
        for (int i = 0; i < Rounds; i++)
        {
            device[i] = (await TimedAsync(() => DirectAsync(real.Host.Nodes[0].Worker, 200, ++salt))).Wall;
            over[i] = (await TimedAsync(() => StreamAsync(real.Host.Address, 200, ++salt))).Wall;
        }

        double[] added = [.. over.Zip(device, (o, d) => o - d).Order()];
        Console.WriteLine(
            $"the same with the model: {over.Order().ElementAt(Rounds / 2):0.0} us of the clock over HTTP, {device.Order().ElementAt(Rounds / 2):0.0} us on the device alone; "
            + $"added {added[Rounds / 2]:0.0} us (median of {Rounds} pairs, {added[0]:0.0} to {added[^1]:0.0})");
    }

    private static async Task<(double Wall, double Processor)> BestAsync(Func<int, Task<int>> run)
    {
        (double Wall, double Processor) best = (double.MaxValue, double.MaxValue);
        for (int round = 0; round < Rounds; round++)
        {
            int number = round;
            (double wall, double processor) = await TimedAsync(() => run(number));
            best = (Math.Min(best.Wall, wall), Math.Min(best.Processor, processor));
        }

        return best;
    }

    /// <summary>Microseconds a token.</summary>
    private static async Task<(double Wall, double Processor)> TimedAsync(Func<Task<int>> run)
    {
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        int tokens = await run();
        TimeSpan wall = Stopwatch.GetElapsedTime(start);
        return (wall.TotalMicroseconds / tokens, (Environment.CpuUsage.TotalTime - processor).TotalMicroseconds / tokens);
    }

    private static async Task<int> StreamAsync(Uri server, int tokens, int salt)
    {
        int[] events = await Task.WhenAll(Enumerable.Range(0, Streams).Select(async i =>
        {
            // The end token is kept away, so that every answer has its length.
            string body = $$"""{"model":"m","messages":[{"role":"user","content":"Question {{i}} of round {{salt}}"}],"max_tokens":{{tokens}},"temperature":0,"logit_bias":{{{Endless}}},"stream":true}""";
            using EventStream stream = await EventStream.PostAsync(server, body);
            return await stream.ReadAsync();
        }));
        int least = events.Min();
        return least >= tokens / 2 ? Streams * tokens : throw new InvalidOperationException($"an answer had {least} events only");
    }

    private const string Endless = "\"0\":-100,\"1\":-100,\"2\":-100";

    private static async Task<int> DirectAsync(DeviceWorker worker, int tokens, int salt)
    {
        var biases = new Dictionary<int, float> { [0] = -100, [1] = -100, [2] = -100 };
        await Task.WhenAll(Enumerable.Range(0, Streams).Select(async i =>
        {
            var session = new SessionKey("benchmark", $"{salt}-{i}");
            var request = new TurnRequest
            {
                Session = session,
                Epoch = 1,
                History = ReadOnlyMemory<int>.Empty,
                Prompt = worker.Model.Tokenizer.EncodeDocument($"Question {i} of round {salt}", parseSpecial: false),
                Sampling = new SamplingOptions { MaxTokens = tokens, LogitBias = biases },
            };
            await foreach (TurnEvent _ in worker.RunAsync(request, CancellationToken.None))
            {
            }

            await worker.CloseAsync(session, 1, deleteCold: false, CancellationToken.None);
        }));
        return Streams * tokens;
    }
}
