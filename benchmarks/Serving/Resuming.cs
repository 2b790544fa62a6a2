using System.Diagnostics;
using KVCluster.Inference.Sampling;
using KVCluster.Storage;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Directories;
using KVCluster.Storage.Tests.Support;
using KVCluster.Worker.Serving;

namespace KVCluster.Benchmarks.Serving;

/// <summary>The first token of a conversation that comes back from the cold store with a new prompt.</summary>
internal static class Resuming
{
    private const int Rounds = 5;
    private static readonly SessionKey Key = new("benchmark", "s");

    /// <summary>With the prompt computed while the copy comes, against after it, from stores of several speeds; best of the rounds, in turns.</summary>
    public static async Task RunAsync(string path, int threads, int context, int prompt)
    {
        string folder = Directory.CreateTempSubdirectory("kvcluster-resuming-").FullName;
        try
        {
            var blobs = new FaultyStore(new DirectoryBlobStore(new DirectoryBlobStoreOptions
            {
                Path = folder,
                Budget = new BlobBudget { TotalBytes = 8L << 30 },
            }));
            var options = new DeviceWorkerOptions { IdleScores = null, AssumedLoadBytesPerSecond = 1e12, OverlapLoadsFrom = TimeSpan.Zero };
            await using var load = new Load(path, threads, context + (2 * prompt) + 256, options, new SnapshotStore(blobs));
            int[] history = load.Prompt(context, 1);
            int[] question = load.Prompt(prompt, 2);
            await load.AppendAsync("s", history);
            SnapshotSave saved = (await load.Worker.SaveAsync(Key, 1, CancellationToken.None))!;
            Console.WriteLine($"back from the store: {context} tokens, {saved.WrittenBytes / 1e6:F0} MB, and a prompt of {prompt}; ms to the first token");
            Console.WriteLine($"{"store MB/s",10} {"overlapped",11} {"one after the other",20} {"ratio",6}");
            foreach (double speed in new[] { double.PositiveInfinity, 1e9, 3e8, 1e8 })
            {
                double with = double.PositiveInfinity;
                double without = double.PositiveInfinity;
                for (int round = 0; round < Rounds; round++)
                {
                    with = Math.Min(with, await FirstTokenAsync(load, blobs, speed, history, question, overlaps: true));
                    without = Math.Min(without, await FirstTokenAsync(load, blobs, speed, history, question, overlaps: false));
                }

                string name = double.IsInfinity(speed) ? "page cache" : $"{speed / 1e6:F0}";
                Console.WriteLine($"{name,10} {with * 1e3,11:F1} {without * 1e3,20:F1} {with / without,6:F2}");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<double> FirstTokenAsync(
        Load load, FaultyStore blobs, double bytesPerSecond, int[] history, int[] question, bool overlaps)
    {
        await load.Worker.EvictAsync(Key, 1, save: false, CancellationToken.None);
        load.Backend.RunsLayers = overlaps;
        long start = Stopwatch.GetTimestamp();
        long read = 0;
        blobs.AfterRead = (_, parts, result) =>
        {
            // The store's wire is free again when all that came before has passed.
            long bytes = Interlocked.Add(ref read, parts.Sum(part => (long)part.Length));
            double wait = (bytes / bytesPerSecond) - Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (wait > 0)
            {
                Thread.Sleep(TimeSpan.FromSeconds(wait));
            }

            return result;
        };
        var request = new TurnRequest
        {
            Session = Key,
            Epoch = 1,
            History = history,
            Prompt = question,
            Sampling = new SamplingOptions { MaxTokens = 1 },
        };
        double seconds = 0;
        await foreach (TurnEvent happened in load.Worker.RunAsync(request, CancellationToken.None))
        {
            if (happened is TurnPiece && seconds == 0)
            {
                seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }
            else if (happened is TurnEnd end && (end.Attach.Source != AttachSource.Loaded || (end.Attach.OverlappedTokens > 0) != overlaps))
            {
                throw new InvalidOperationException($"not what was to be measured: {end.Attach}");
            }
        }

        return seconds;
    }
}
