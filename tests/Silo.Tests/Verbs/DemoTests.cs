using System.Text.Json;
using KVCluster.TestSupport.Redis;

namespace KVCluster.Silo.Tests.Verbs;

/// <summary>The demo on the bundled model, smaller than a newcomer runs it.</summary>
public class DemoTests
{
    private static readonly string[] Small = ["--conversations", "8", "--whole", "4", "--json"];

    [Fact]
    public void With_compression_everybody_stays_and_answers_better_than_with_a_window()
    {
        using var folder = new TemporaryFolder();
        string record = Path.Combine(folder.Path, "record.log");
        JsonElement report = CommandRun.Of(["demo", .. Small, "--record", record]).Json();
        JsonElement[] ways = [.. report.GetProperty("ways").EnumerateArray()];
        Assert.True(File.ReadAllText(record).Split("watermark").Length > 4 * ways.Length, "the nodes were looked at only at the ends");
        (JsonElement whole, JsonElement window, JsonElement compressed) = (ways[0], ways[1], ways[2]);
        Assert.All(ways, way => Assert.Equal(24, Number(way, "questions")));
        Assert.All(ways, way => Assert.Equal(0, Number(way, "refused")));
        Assert.True(Number(whole, "rebuilt") > 0, "memory for four of eight whole caches was enough");
        Assert.Equal(8, Number(compressed, "alive"));
        Assert.Equal(24, Number(compressed, "hits"));
        Assert.True(Number(compressed, "compressions") > 0);
        Assert.True(Number(compressed, "right") > Number(window, "right"), report.ToString());
        Assert.True(compressed.GetProperty("peakBytes").GetInt64() <= 2 * report.GetProperty("nodeBytes").GetInt64());
    }

    [RedisFact]
    public async Task A_redis_that_restarts_empty_in_the_middle_loses_no_turn()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        Task<CommandRun> demo = Task.Run(() => CommandRun.Of(["demo", "--redis", redis.Address, .. Small]));
        while (!demo.IsCompleted)
        {
            await Task.WhenAny(demo, Task.Delay(TimeSpan.FromSeconds(2)));
            redis.Kill();
            await redis.RestartAsync();
        }

        JsonElement compressed = (await demo).Json().GetProperty("ways").EnumerateArray().Last();
        Assert.Equal((24, 0), (Number(compressed, "questions"), Number(compressed, "refused")));
        Assert.Equal(24, Number(compressed, "hits") + Number(compressed, "rebuilt"));
    }

    [Fact]
    public void Texts_of_ones_own_are_talked_about()
    {
        using var folder = new TemporaryFolder();
        string record = Path.Combine(folder.Path, "record.log");
        folder.Write("one.txt", string.Join(' ', Enumerable.Repeat("A clean bench in the morning is worth more than a clever plan at night.", 20)));
        folder.Write("two.md", "Short. But not empty!");
        CommandRun run = CommandRun.Of("demo", "--documents", folder.Path, "--conversations", "2", "--record", record);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("KVCompose", run.Output, StringComparison.Ordinal);
        Assert.Contains("watermark", File.ReadAllText(record), StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_options_are_named()
    {
        CommandRun.Of("demo", "--conversations", "0").AssertRefused("--conversations");
        CommandRun.Of("demo", "--nodes", "99").AssertRefused("--nodes");
        CommandRun.Of("demo", "--documents", "/nowhere").AssertRefused("/nowhere");
        CommandRun.Of("demo", "--record", "/nowhere/x").AssertRefused("--record");
    }

    private static int Number(JsonElement way, string name) => way.GetProperty(name).GetInt32();
}
