using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Tests.Scores;

public sealed class RankSelectionTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_score_of_a_rank_is_that_of_the_sorted_row(int seed)
    {
        var random = new Random(seed);
        for (int n = 1; n < 3000; n = (n * 3) + 1)
        {
            // Many equal scores, zeros of both signs, infinities, and numbers of all magnitudes.
            float[] scores = [.. Enumerable.Range(0, n).Select(_ => random.Next(6) switch
            {
                0 => 0f,
                1 => -0f,
                2 => float.PositiveInfinity,
                3 => random.Next(-3, 4),
                4 => -MathF.Exp(random.Next(-80, 80)),
                _ => (float)(random.NextDouble() * Math.Exp(random.Next(-80, 80))),
            })];
            float[] sorted = [.. scores.OrderDescending()];
            foreach (int count in (int[])[1, (n + 1) / 2, n])
            {
                (float lowest, int above) = RankSelection.At(scores, count);
                Assert.Equal(sorted[count - 1], lowest);
                Assert.Equal(scores.Count(score => score > lowest), above);
            }
        }
    }

    [Fact]
    public void Of_equal_scores_the_earlier_slots_are_best()
    {
        float[] scores = [.. Enumerable.Range(0, 600).Select(i => i % 3 == 0 ? 1f : i == 599 ? 2f : 0f)];
        int[] best = SlotSelection.Best(scores, 5);
        Assert.Equal([0, 3, 6, 9, 599], best);
    }
}
