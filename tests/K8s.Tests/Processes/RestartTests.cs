using KVCluster.TestSupport.Redis;
using Xunit.Abstractions;

namespace KVCluster.K8s.Tests.Processes;

/// <summary>
/// Real processes on real Redis, under load: one is told to leave, killed, replaced. The tokens must be those of conversations that nothing happened to.
/// </summary>
public sealed class RestartTests(ITestOutputHelper output)
{
    [RedisFact]
    public async Task A_server_that_is_told_to_stop_loses_no_token_and_its_successor_finds_the_caches()
    {
        await using RedisPair redis = await RedisPair.StartAsync();
        await using ServeProcess first = await ServeProcess.StartAsync("first", redis.Settings());
        var load = new Load();
        load.Serve(first);
        load.Begin();
        await load.ReachedAsync(2);
        first.Signal(ServeProcess.Terminate);
        await using ServeProcess second = await ServeProcess.StartAsync("second", redis.Settings());
        load.Serve(second);
        int[][] tokens = await load.EndAsync();

        Assert.Equal(0, await first.EndedAsync());
        Assert.Equal(await Undisturbed.TokensAsync(), tokens);
        Tell(first, load);
        Assert.True(first.Drained(@"(\d+) saved") + first.Drained(@"(\d+) sessions moved") > 0);
        Assert.True(first.Drained(@"(\d+) bytes of caches") > 0);
        Assert.Equal(0, first.Drained(@"(\d+) left"));

        // Nobody had to compute a history again: every turn but the first found all of it but its last token.
        Assert.All(load.Talkers, talker => Assert.All(talker.Cached.Skip(1), cached => Assert.True(cached > 0, string.Join(' ', talker.Cached))));
    }

    [RedisFact]
    public async Task A_server_that_is_killed_loses_no_acknowledged_token()
    {
        await using RedisPair redis = await RedisPair.StartAsync();
        await using ServeProcess first = await ServeProcess.StartAsync("first", redis.Settings());
        await using ServeProcess second = await ServeProcess.StartAsync("second", redis.Settings());
        var load = new Load();
        load.Serve(first);
        load.Begin();
        await load.ReachedAsync(2);
        first.Kill();
        load.Serve(second);
        int[][] tokens = await load.EndAsync();
        Assert.Equal(await Undisturbed.TokensAsync(), tokens);
        Tell(second, load);
    }

    [RedisFact]
    public async Task Servers_that_replace_each_other_again_and_again_lose_no_token()
    {
        await using RedisPair redis = await RedisPair.StartAsync();
        var load = new Load();
        ServeProcess serving = await ServeProcess.StartAsync("s0", redis.Settings());
        try
        {
            load.Serve(serving);
            load.Begin();
            foreach ((int turn, int signal) in ((int, int)[])[(1, ServeProcess.Terminate), (3, 9), (5, ServeProcess.Terminate)])
            {
                await load.ReachedAsync(turn);
                await using ServeProcess leaving = serving;
                serving = await ServeProcess.StartAsync($"s{turn}", redis.Settings());
                load.Serve(serving);
                leaving.Signal(signal);
                Assert.Equal(signal == 9 ? 137 : 0, await leaving.EndedAsync());
            }

            Assert.Equal(await Undisturbed.TokensAsync(), await load.EndAsync());
        }
        finally
        {
            await serving.DisposeAsync();
        }
    }

    private void Tell(ServeProcess process, Load load)
    {
        output.WriteLine(process.Log);
        output.WriteLine($"sent again: {load.Talkers.Sum(talker => talker.Again.Count)}; longest turn {load.Talkers.Max(talker => talker.Longest).TotalSeconds:0.00} s");
        output.WriteLine(string.Join('\n', load.Talkers.SelectMany(talker => talker.Again).Take(20)));
    }
}
