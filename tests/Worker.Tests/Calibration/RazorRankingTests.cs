using KVCluster.Worker.Calibration;

namespace KVCluster.Worker.Tests.Calibration;

public sealed class RazorRankingTests
{
    [Fact]
    public void Any_share_holds_the_best_by_induction_and_by_echo_fourteen_to_one()
    {
        const int Heads = 600;
        Random random = new(3);
        float[][] induction = [.. Enumerable.Range(0, 20).Select(_ => Row(random))];
        float[][] echo = [.. Enumerable.Range(0, 20).Select(_ => Row(random))];
        float[] ranked = [.. RazorRanking.Of(induction, echo).SelectMany(r => r)];
        Assert.Equal(Heads, ranked.Length);
        Assert.All(ranked, v => Assert.InRange(v, float.Epsilon, 1));
        foreach (int taken in (int[])[15, 90, 300])
        {
            int[] best = [.. Order(ranked).Take(taken)];
            int byInduction = taken * 13 / 15;
            Assert.Subset(best.ToHashSet(), Order([.. induction.SelectMany(r => r)]).Take(byInduction).ToHashSet());
            Assert.Subset(best.ToHashSet(), Order([.. echo.SelectMany(r => r)]).Take(byInduction / 14).ToHashSet());
        }

        static float[] Row(Random random) => [.. Enumerable.Range(0, 30).Select(_ => random.NextSingle())];

        static IEnumerable<int> Order(float[] scores) => Enumerable.Range(0, scores.Length).OrderByDescending(i => scores[i]);
    }
}
