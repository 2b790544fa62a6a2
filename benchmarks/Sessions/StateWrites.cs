using System.Diagnostics;
using System.Text.Json;
using KVCluster.Grains;
using KVCluster.Storage.Grains;
using Orleans;
using Orleans.Runtime;

namespace KVCluster.Benchmarks.Sessions;

/// <summary>The one write at a turn's end, by the length of the history: bytes, time to make them, time to have them on disk.</summary>
internal static class StateWrites
{
    private const int Rounds = 30;

    public static async Task RunAsync()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kvcluster-benchmark-");
        using (var directory = new StateDirectory(folder.FullName))
        {
            var storage = new DirectoryGrainStorage(directory);
            Console.WriteLine("history   state bytes   JSON      directory (flushed, renamed)");
            foreach (int tokens in (int[])[1024, 8192, 32768, 131072])
            {
                await MeasureAsync(storage, tokens);
            }
        }

        folder.Delete(recursive: true);
    }

    private static async Task MeasureAsync(DirectoryGrainStorage storage, int tokens)
    {
        var state = new GrainState<SessionState>(State(tokens));
        GrainId id = GrainId.Create("session", $"t/{tokens}");
        double json = double.MaxValue;
        double write = double.MaxValue;
        int bytes = 0;
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            bytes = JsonSerializer.SerializeToUtf8Bytes(state.State).Length;
            json = Math.Min(json, Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            start = Stopwatch.GetTimestamp();
            await storage.WriteStateAsync("session", id, state);
            write = Math.Min(write, Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        Console.WriteLine($"{tokens,7}   {bytes,11:N0}   {json,6:0} us   {write,8:0} us");
    }

    /// <summary>Random ids of a vocabulary of 49,152 tokens, and as many recorded turns as are kept.</summary>
    private static SessionState State(int tokens)
    {
        var random = new Random(1);
        List<byte> history = [];
        for (int i = 0; i < tokens; i++)
        {
            uint rest = (uint)random.Next(49152);
            for (; rest >= 0x80; rest >>= 7)
            {
                history.Add((byte)(rest | 0x80));
            }

            history.Add((byte)rest);
        }

        return new SessionState
        {
            Epoch = 1,
            Model = new string('f', 64),
            Tokens = [.. history],
            Count = tokens,
            Recent = [.. Enumerable.Range(0, 64).Select(i => new TurnRecord
            {
                Key = Guid.NewGuid().ToString(),
                Hash = "0123456789012345678901==",
                Start = i * 100,
                Prompt = 50,
                Answer = 50,
                TextLength = 200,
                Finish = TurnFinish.EndToken,
                Seed = 12345,
            })],
        };
    }
}
