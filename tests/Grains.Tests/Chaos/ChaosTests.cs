using System.Globalization;
using KVCluster.Inference.Sampling;
using KVCluster.Worker;
using Xunit.Abstractions;

namespace KVCluster.Grains.Tests.Chaos;

/// <summary>
/// Random operations over twenty sessions while nodes are killed. The order of operations follows from the seed, their timing does not:
/// what must hold, holds in any.
/// </summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    private const int Sessions = 20;
    private const int Operations = 200;
    private const int Together = 4;
    private const int RoundsBetweenLosses = 6;
    private const int LongestHistory = 400;

    /// <summary>Of a log-probability: batches of other sizes round in another order.</summary>
    private const float Tolerance = 1e-3f;

    /// <summary>One seed usually; KVCLUSTER_CHAOS_SEEDS names others, "2,3,5".</summary>
    public static TheoryData<int> Seeds =>
    [
        .. (Environment.GetEnvironmentVariable("KVCLUSTER_CHAOS_SEEDS") ?? "1")
            .Split(',').Select(seed => int.Parse(seed, CultureInfo.InvariantCulture)),
    ];

    [Theory]
    [MemberData(nameof(Seeds))]
    public Task Nothing_acknowledged_is_lost_and_nothing_leaks(int seed) => RunAsync(seed, Operations, cuts: false);

    /// <summary>The same while caches are cut, made whole and demoted: their cold copies are compressed ones, some beside an exact one.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public Task Nothing_acknowledged_is_lost_where_caches_are_cut_and_made_whole(int seed) => RunAsync(seed, Operations, cuts: true);

    private async Task RunAsync(int seed, int operations, bool cuts)
    {
        var counts = new ChaosCounts();
        await using DeviceCluster cluster = await DeviceCluster.StartAsync(
            3, () => NeedleModel.Open(contextTokens: 1536), Hasten);
        var run = new ChaosRun(cluster, new Random(seed), counts, cuts);
        for (int round = 0, done = 0; done < operations; round++)
        {
            done += await run.RoundAsync(Together, Sessions, LongestHistory, loses: round % RoundsBetweenLosses == RoundsBetweenLosses - 1);
        }

        int compared = await CompareAsync(run.Open);
        foreach (ChaosSession session in run.Open)
        {
            await session.CloseAsync();
        }

        await cluster.AssertEmptyAsync();
        Assert.Empty(await cluster.ColdAsync());
        Assert.Equal(0, await cluster.Grains.Engine.Client.GetGrain<ITenantIndexGrain>("t").Count());
        Assert.True(
            counts.Kills >= 3 && counts.Drains >= 3 && counts.Turns > operations / (cuts ? 5 : 3) && cuts == counts.Cut > operations / 20,
            $"too little happened: {counts}");
        output.WriteLine($"seed {seed}: {counts}; next-token logits of {compared} sessions compared with a recomputation");
    }

    /// <summary>Copies are made between turns, and a node that leaves cuts its turns at once.</summary>
    private static void Hasten(GrainOptions options)
    {
        options.IdleSaveDelay = TimeSpan.FromMilliseconds(50);
        options.DrainTurns = TimeSpan.Zero;
        options.DrainHandOver = TimeSpan.FromSeconds(5);
    }

    /// <summary>Every open session holds what was acknowledged, and its cache predicts what a new one of the same tokens does.</summary>
    private static async Task<int> CompareAsync(IReadOnlyCollection<ChaosSession> sessions)
    {
        using LocalModel model = NeedleModel.Open(contextTokens: 1024);
        int compared = 0;
        foreach (ChaosSession session in sessions)
        {
            await session.CheckAsync();
            if (session.History.Length == 0)
            {
                continue;
            }

            if (session.HasBeenCut)
            {
                await session.MakeWholeAsync();
            }

            using var again = new Worker.Conversation(model);
            again.Append(session.History);
            GeneratedPiece expected = again.Generate(new SamplingOptions { MaxTokens = 1, LogProbabilities = 20 }).Single();
            TokenProbability[] actual = await session.NextAsync(20);
            Assert.Equal(20, actual.Length);
            foreach (TokenLogProbability token in expected.TopLogProbabilities)
            {
                float[] same = [.. actual.Where(t => t.Token == token.Token).Select(t => t.LogProbability)];
                Assert.True(
                    same.Length == 0 ? token.LogProbability < actual[^1].LogProbability + Tolerance
                        : Math.Abs(same[0] - token.LogProbability) < Tolerance,
                    $"{session.Id}: token {token.Token} has {token.LogProbability}, not {(same.Length == 0 ? "none" : same[0])}");
            }

            compared++;
        }

        return compared;
    }
}
