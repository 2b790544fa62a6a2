using System.Diagnostics;
using KVCluster.Grains;

namespace KVCluster.Benchmarks.Sessions;

/// <summary>What a generated token costs on its way from the device through the session to its reader, sixteen sessions at once.</summary>
internal static class TokenCost
{
    private const int Sessions = 16;
    private const int Tokens = 2000;
    private const int Rounds = 5;

    public static async Task RunAsync(string model)
    {
        await using Cluster cluster = await Cluster.StartAsync(model, onDisk: false);
        double best = double.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            ISessionGrain[] fresh = [.. Enumerable.Range(0, Sessions).Select(i => cluster.Session((round * Sessions) + i))];
            foreach (ISessionGrain session in fresh)
            {
                await session.Create(new SessionOptions());
            }

            TimeSpan processor = Process.GetCurrentProcess().TotalProcessorTime;
            int[] made = await Task.WhenAll(fresh.Select(Read));
            processor = Process.GetCurrentProcess().TotalProcessorTime - processor;
            best = Math.Min(best, processor.TotalMicroseconds / made.Sum());
        }

        Console.WriteLine(
            $"a token through a session, {Sessions} sessions: {best:0.0} us of processor time (best of {Rounds} rounds of {Tokens} tokens)");
    }

    private static async Task<int> Read(ISessionGrain session)
    {
        int made = 0;
        await foreach (TokenChunk chunk in session.Generate(
            new GenerateRequest { Prompt = Prompt.OfTokens(1), Sampling = new SamplingSettings { MaxTokens = Tokens } }))
        {
            made += chunk.Tokens.Length;
        }

        return made;
    }
}
