using KVCluster.Compression.Pressure;

namespace KVCluster.Compression.Tests.Pressure;

public sealed class ScoreBinsTests
{
    [Fact]
    public void A_score_lies_between_the_edges_of_its_bin()
    {
        Random random = new(1);
        for (int i = 0; i < 20_000; i++)
        {
            float score = (float)Math.ScaleB(1 + random.NextDouble(), random.Next(ScoreBins.LowestExponent, ScoreBins.LowestExponent + ScoreBins.Octaves));
            int bin = ScoreBins.Of(score);
            Assert.True(ScoreBins.LowerEdge(bin) <= score);
            Assert.True(bin == ScoreBins.Count - 1 || score < ScoreBins.LowerEdge(bin + 1));
        }
    }

    [Theory]
    [InlineData(0f, 0)]
    [InlineData(-3f, 0)]
    [InlineData(float.Epsilon, 0)]
    [InlineData(float.MaxValue, ScoreBins.Count - 1)]
    [InlineData(float.PositiveInfinity, ScoreBins.Count - 1)]
    public void Scores_beyond_the_bins_fall_into_the_outer_ones(float score, int bin) => Assert.Equal(bin, ScoreBins.Of(score));

    [Fact]
    public void Many_scores_are_sorted_as_one_by_one()
    {
        Random random = new(2);
        float[] scores = Enumerable.Range(0, 1003).Select(_ => (float)Math.ScaleB(random.NextDouble() - 0.2, random.Next(-50, 30))).ToArray();
        int[] bins = new int[scores.Length];
        ScoreBins.Of(scores, bins);
        Assert.Equal(scores.Select(ScoreBins.Of), bins);
    }

    [Fact]
    public void A_position_grows_with_its_value_and_is_found_again()
    {
        long last = 0;
        for (double value = 1e-12; value < 1e6; value *= 1.01)
        {
            long position = ScoreBins.Position(value);
            Assert.True(position >= last);
            if (position < ScoreBins.End)
            {
                Assert.InRange(ScoreBins.ValueAt(position) / value, 1 - 1e-9, 1 + 1e-3);
                Assert.Equal(position, ScoreBins.Position(ScoreBins.ValueAt(position)));
            }

            last = position;
        }
    }

    [Fact]
    public void Eight_bins_make_an_octave() =>
        Assert.Equal(2, ScoreBins.LowerEdge(108) / ScoreBins.LowerEdge(100), 1e-12);
}
