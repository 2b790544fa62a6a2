using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Tests.Scores;

public sealed class CompositeScoresTests
{
    [Fact]
    public void Rows_never_increase_even_where_heads_are_ragged()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            AttentionScores scores = ScoreOperations.GroupToKvHeads(TestInputs.Ragged(new Random(seed)).Attention!, 3);
            foreach (float[] row in CompositeScores.Of(scores))
            {
                Assert.Equal(row.OrderDescending(), row);
            }
        }
    }

    [Fact]
    public void A_rank_is_the_mean_of_the_heads_that_reach_it_and_no_more_than_the_one_before()
    {
        AttentionScores scores = new(1, 2, [[0.25f], [0.75f, 0.875f, 0.5f]]);
        Assert.Equal([0.5625f, 0.5625f, 0.5f], CompositeScores.Of(scores)[0]);
    }

    [Fact]
    public void The_reference_rule_raises_layer_0_to_the_maximum_of_all()
    {
        float[][] composites = [[5, 2, 1], [4, 3], [9, 0, 0, 0]];
        CompositeScores.RaiseFirstLayer(composites);
        Assert.Equal([9, 3, 1], composites[0]);
        Assert.Equal([4, 3], composites[1]);
    }

    [Fact]
    public void Groups_reduce_by_mean_or_maximum()
    {
        AttentionScores attention = new(1, 4, [[1, 2], [3, 6], [5, 5], [7, 1]]);
        AttentionScores mean = ScoreOperations.GroupToKvHeads(attention, 2);
        AttentionScores max = ScoreOperations.GroupToKvHeads(attention, 2, GroupReduction.Max);
        Assert.Equal([2f, 4f], mean.Row(0, 0).ToArray());
        Assert.Equal([6f, 3f], mean.Row(0, 1).ToArray());
        Assert.Equal([3f, 6f], max.Row(0, 0).ToArray());
        Assert.Equal([7f, 5f], max.Row(0, 1).ToArray());
        Assert.Throws<ArgumentException>(() => ScoreOperations.GroupToKvHeads(attention, 3));
    }
}
