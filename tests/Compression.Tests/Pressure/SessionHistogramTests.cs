using KVCluster.Compression.Pressure;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Tests.Pressure;

/// <summary>From scores of a cache to a histogram, and from counts back to slots.</summary>
public sealed class SessionHistogramTests
{
    private static readonly SessionFloors _floors = new() { Sinks = 2, Recents = 3 };

    [Fact]
    public void An_even_cache_has_a_row_a_layer_and_the_composites_mass()
    {
        (CacheShape shape, AttentionScores scores) = Whole(1);
        ScoreHistogram histogram = SessionHistogram.Of(shape, scores, _floors, [64, 64, 64, 64], 1);
        Assert.Null(histogram.Fault);
        Assert.Equal(4, histogram.Rows);
        Assert.Equal(60, histogram.Length(0));
        Assert.Equal(5, histogram.Floor(0));
        Assert.Equal(4 * 60 * 3 * 64, histogram.Profile.TotalBytes);
        double mass = CompositeScores.Of(scores).Sum(layer => layer.Sum(c => (double)c));
        Assert.Equal(mass, histogram.TotalMass, 1e-4 * mass);
        Assert.True(histogram.DroppableMass < mass);
    }

    [Fact]
    public void A_ragged_cache_has_a_row_a_head()
    {
        Random random = new(2);
        CacheShape shape = TestInputs.Ragged(random).Shape;
        AttentionScores scores = Grouped(TestInputs.Filled(random, shape, 1));
        ScoreHistogram histogram = SessionHistogram.Of(shape, scores, _floors, [64, 64, 64, 64], 1);
        Assert.Equal(12, histogram.Rows);
        Assert.Equal(shape.TotalSlots * 64, histogram.Profile.TotalBytes);
        Assert.Equal(shape.Slots(1, 2), histogram.Length(5));
    }

    [Fact]
    public void A_guaranteed_retention_is_a_floor()
    {
        (CacheShape shape, AttentionScores scores) = Whole(3);
        ScoreHistogram histogram = SessionHistogram.Of(shape, scores, _floors with { GuaranteedRetention = 0.5 }, [64, 64, 64, 64], 8);
        Assert.Equal(32, histogram.Floor(2));
    }

    [Fact]
    public void Scores_not_finite_are_named_by_head_and_slot()
    {
        (CacheShape shape, AttentionScores scores) = Whole(4);
        scores.Row(2, 1)[7] = float.PositiveInfinity;
        ScoreHistogram histogram = SessionHistogram.Of(shape, scores, _floors, [64, 64, 64, 64], 1);
        Assert.Equal(new ScoreFault(7, 7, float.PositiveInfinity), histogram.Fault);
        Assert.Equal(5, histogram.Floor(0));
    }

    [Fact]
    public void Missing_scores_leave_sinks_and_the_most_recent()
    {
        CacheShape shape = CacheShape.Whole(2, 2, 40);
        ScoreHistogram histogram = SessionHistogram.Of(shape, null, _floors, [64, 64], 1);
        Assert.Equal(ScoreFault.Absent, histogram.Fault);
        RetentionPlan plan = KeepPlan.Of(shape, null, _floors, [10, 5]);
        Assert.Equal([0, 1, 32, 33, 34, 35, 36, 37, 38, 39], plan.Kept(0, 1).ToArray());
        Assert.Equal([0, 1, 37, 38, 39], plan.Kept(1, 0).ToArray());
    }

    [Fact]
    public void A_plan_keeps_the_protected_and_then_the_best()
    {
        (CacheShape shape, AttentionScores scores) = Whole(5);
        RetentionPlan plan = KeepPlan.Of(shape, scores, _floors, [9, 60, 5, 20]);
        for (int head = 0; head < 3; head++)
        {
            int[] kept = plan.Kept(0, head).ToArray();
            Assert.Equal(9, kept.Length);
            Assert.Subset(kept.ToHashSet(), new HashSet<int> { 0, 1, 57, 58, 59 });
            float[] row = scores.Row(0, head).ToArray();
            int[] best = Enumerable.Range(2, 55).OrderByDescending(s => row[s]).Take(4).ToArray();
            Assert.Subset(kept.ToHashSet(), best.ToHashSet());
            Assert.Equal(60, plan.Kept(1, head).Length);
        }
    }

    [Fact]
    public void Counts_that_do_not_fit_the_rows_are_refused()
    {
        (CacheShape shape, AttentionScores scores) = Whole(6);
        Assert.Throws<ArgumentException>(() => KeepPlan.Of(shape, scores, _floors, [1, 2]));
        Assert.Throws<ArgumentException>(() => SessionHistogram.Of(shape, scores, _floors, [64], 1));
        Assert.Throws<PolicyException>(() => SessionHistogram.Of(shape, scores, _floors with { GuaranteedRetention = 2 }, [64, 64, 64, 64], 1));
    }

    private static (CacheShape Shape, AttentionScores Scores) Whole(int seed)
    {
        var input = TestInputs.Whole(new Random(seed), group: 1);
        return (input.Shape, Grouped(input));
    }

    private static AttentionScores Grouped(KVCluster.Compression.Policies.PolicyInput input) => input.Attention!;
}
