using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Tests.Scores;

public sealed class SlotSelectionTests
{
    [Theory]
    [InlineData(40)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(3000)]
    public void Sorting_and_choosing_equal_the_plain_way_with_ties_and_both_signs(int length)
    {
        for (int seed = 0; seed < 10; seed++)
        {
            Random random = new(seed);
            float[] scores = Enumerable.Range(0, length).Select(_ => Score(random, seed % 2 == 0)).ToArray();
            float[] sorted = new float[length];
            DescendingSort.Sort(scores, sorted);
            Assert.Equal(scores.OrderDescending(), sorted);
            foreach (int count in new[] { 0, 1, length / 3, length - 1, length, length + 5 })
            {
                // OrderByDescending is stable: of equal scores the earlier slot comes first.
                int[] expected = Enumerable.Range(0, length).OrderByDescending(j => scores[j]).Take(count).Order().ToArray();
                Assert.Equal(expected, SlotSelection.Best(scores, count));
            }
        }
    }

    [Fact]
    public void Negative_zero_equals_zero()
    {
        float[] scores = new float[600];
        scores.AsSpan(0, 300).Fill(-0f);
        Assert.Equal(Enumerable.Range(0, 10), SlotSelection.Best(scores, 10));
    }

    [Fact]
    public void A_negative_count_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SlotSelection.Best([1f], -1));

    private static float Score(Random random, bool coarse) => coarse
        ? random.Next(-4, 5) / 2f
        : (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-40, 38)));
}
