namespace KVCluster.Compression.Tests;

public sealed class RetentionSummaryTests
{
    private static readonly RetentionPlan _plan = new(2, 2, [[0, 2], [1], [], [0, 1, 2, 3]]);

    [Fact]
    public void Counts_and_dropped_mass_by_query_heads()
    {
        CacheShape shape = CacheShape.Whole(2, 2, 4);
        AttentionScores scores = new(
            2, 4, [[4, 1, 2, 1], [8, 0, 0, 0], [0, 4, 0, 4], [1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [2, 0, 0, 0]]);
        RetentionSummary summary = RetentionSummary.Of(_plan, shape, scores);
        Assert.Equal((2, 1, 0, 4), (summary.Kept(0, 0), summary.Kept(0, 1), summary.Kept(1, 0), summary.Kept(1, 1)));
        Assert.Equal((3, 4), (summary.KeptInLayer(0), summary.KeptInLayer(1)));
        Assert.Equal((7, 16), (summary.TotalKept, summary.TotalPresent));

        // Layer 0 received 28 and keeps 6 + 8 + 4 + 1; layer 1 received 6, all in the head that keeps everything.
        Assert.Equal(9 / 28.0, summary.DroppedMassPerLayer[0], 12);
        Assert.Equal(0, summary.DroppedMassPerLayer[1]);
        Assert.Equal(9 / 34.0, summary.DroppedMass!.Value, 12);
    }

    [Fact]
    public void Without_scores_there_is_no_mass()
    {
        RetentionSummary summary = RetentionSummary.Of(_plan, CacheShape.Whole(2, 2, 4));
        Assert.Null(summary.DroppedMass);
        Assert.Equal(0, summary.DroppedMassPerLayer.Length);
    }

    [Fact]
    public void A_layer_that_received_nothing_drops_nothing()
    {
        CacheShape shape = CacheShape.Whole(2, 2, 4);
        Assert.Equal(0, RetentionSummary.Of(_plan, shape, new AttentionScores(2, 2, 4)).DroppedMass);
    }

    [Fact]
    public void Parts_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => RetentionSummary.Of(_plan, CacheShape.Whole(2, 2, 3)));
        Assert.Throws<ArgumentException>(() => RetentionSummary.Of(_plan, CacheShape.Whole(2, 1, 4)));
        Assert.Throws<ArgumentException>(() => RetentionSummary.Of(_plan, CacheShape.Whole(2, 2, 4), new AttentionScores(2, 2, 5)));
    }
}
