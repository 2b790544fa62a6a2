using KVCluster.TestSupport.Redis;

namespace KVCluster.K8s.Tests.Processes;

/// <summary>The same conversations with a server that nothing happens to: made once.</summary>
internal static class Undisturbed
{
    private static readonly Lazy<Task<int[][]>> Tokens = new(SpeakAsync);

    public static Task<int[][]> TokensAsync() => Tokens.Value;

    private static async Task<int[][]> SpeakAsync()
    {
        await using RedisPair redis = await RedisPair.StartAsync();
        await using ServeProcess server = await ServeProcess.StartAsync("only", redis.Settings());
        var load = new Load();
        load.Serve(server);
        load.Begin();
        int[][] tokens = await load.EndAsync();
        Assert.All(load.Talkers, talker => Assert.Empty(talker.Again));
        return tokens;
    }
}
