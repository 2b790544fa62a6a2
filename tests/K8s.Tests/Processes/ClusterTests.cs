#if ORLEANS
using System.Diagnostics;
using KVCluster.TestSupport.Redis;
using Xunit.Abstractions;

namespace KVCluster.K8s.Tests.Processes;

/// <summary>
/// A cluster as the manifests make it, of processes: two workers and a gateway without a device, which alone the clients know. Workers are restarted one
/// after the other, or killed, under load.
/// </summary>
public sealed class ClusterTests(ITestOutputHelper output)
{
    [RedisFact]
    public async Task Workers_restarted_one_after_the_other_lose_no_token_and_clients_see_nothing_of_it()
    {
        await using RedisPair redis = await RedisPair.StartAsync();
        ServeProcess[] workers = await WorkersAsync(redis);
        await using ServeProcess gateway = await ServeProcess.StartAsync("gateway", [.. redis.Settings(), "Node:Count=0"]);
        await using var all = new Ending(workers);
        var load = new Load();
        load.Serve(gateway);
        load.Begin();
        for (int i = 0; i < workers.Length; i++)
        {
            await load.ReachedAsync(1 + (3 * i));
            long since = Stopwatch.GetTimestamp();
            workers[i].Signal(ServeProcess.Terminate);
            Assert.Equal(0, await workers[i].EndedAsync());
            output.WriteLine($"{workers[i].Name} left in {Stopwatch.GetElapsedTime(since).TotalSeconds:0.00} s: {DrainLine(workers[i])}");
            await workers[i].DisposeAsync();
            workers[i] = await ServeProcess.StartAsync(workers[i].Name, redis.Settings());
        }

        int[][] tokens = await load.EndAsync();
        Tell(load);
        Assert.Equal(await Undisturbed.TokensAsync(), tokens);
    }

    [RedisFact]
    public async Task A_killed_workers_sessions_go_on_on_the_other()
    {
        await using RedisPair redis = await RedisPair.StartAsync();
        ServeProcess[] workers = await WorkersAsync(redis);
        await using ServeProcess gateway = await ServeProcess.StartAsync("gateway", [.. redis.Settings(), "Node:Count=0"]);
        await using var all = new Ending(workers);
        var load = new Load();
        load.Serve(gateway);
        load.Begin();
        await load.ReachedAsync(2);
        workers[0].Kill();
        int[][] tokens = await load.EndAsync();
        Tell(load);
        Assert.Equal(await Undisturbed.TokensAsync(), tokens);
    }

    private static Task<ServeProcess[]> WorkersAsync(RedisPair redis) => Task.WhenAll(
        ServeProcess.StartAsync("worker-0", redis.Settings()), ServeProcess.StartAsync("worker-1", redis.Settings()));

    private static string DrainLine(ServeProcess worker) =>
        worker.Log.Split('\n').Last(line => line.Contains(" drained in ", StringComparison.Ordinal)).Split("] ")[^1];

    private void Tell(Load load)
    {
        output.WriteLine($"sent again: {load.Talkers.Sum(talker => talker.Again.Count)}; longest turn {load.Talkers.Max(talker => talker.Longest).TotalSeconds:0.00} s");
        output.WriteLine($"cached: {string.Join(" | ", load.Talkers.Select(talker => string.Join(' ', talker.Cached)))}");
        output.WriteLine(string.Join('\n', load.Talkers.SelectMany(talker => talker.Again).Take(20)));
    }

    /// <summary>Ends the processes that are in the array by then.</summary>
    private sealed class Ending(ServeProcess[] processes) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            foreach (ServeProcess process in processes)
            {
                await process.DisposeAsync();
            }
        }
    }
}
#endif
