using KVCluster.Storage.Snapshots;

namespace KVCluster.Storage.Tests.Snapshots;

public sealed class SegmentPlanTests
{
    [Fact]
    public void A_first_save_is_cut_into_full_segments_and_a_rest()
    {
        Check([], [600], 0, [[256], [512], [600]]);
        Check([], [256], 0, [[256]]);
        Check([], [0], 0, []);
    }

    [Fact]
    public void Ragged_heads_are_cut_slot_by_slot() => Check([], [600, 10, 300], 0, [[256, 10, 256], [512, 10, 300], [600, 10, 300]]);

    [Fact]
    public void Nothing_new_changes_nothing() => Check([[256], [300]], [300], 2, []);

    [Fact]
    public void A_short_append_stands_beside_a_longer_tail() => Check([[256], [300]], [310], 2, [[310]]);

    [Fact]
    public void An_append_as_long_as_the_tail_takes_it_in() => Check([[256], [300], [310]], [320], 2, [[320]]);

    [Fact]
    public void Short_segments_are_taken_in_one_after_another() => Check([[256], [300], [310], [315]], [350], 1, [[350]]);

    [Fact]
    public void A_full_segment_is_never_written_again() => Check([[256]], [2000], 1, [[512], [768], [1024], [1280], [1536], [1792], [2000]]);

    [Fact]
    public void A_tail_that_grows_beyond_a_segment_is_cut() => Check([[256], [400]], [700], 1, [[512], [700]]);

    private static void Check(int[][] present, int[] lengths, int kept, int[][] ends)
    {
        SegmentPlan.Extension plan = SegmentPlan.Extend(present, lengths, 256);
        Assert.Equal(kept, plan.Kept);
        Assert.Equal(ends, plan.Ends);
    }
}
