using KVCluster.Compression.Pressure;

namespace KVCluster.Compression.Tests.Pressure;

public sealed class ScoreHistogramTests
{
    [Fact]
    public void Counts_at_the_edge_of_a_bin_are_exact()
    {
        HistogramRow[] rows = Histograms.Rows(3, 3, 400, floor: 10);
        ScoreHistogram histogram = ScoreHistogram.Of(rows);
        for (int bin = 1; bin < ScoreBins.Count; bin++)
        {
            for (int row = 0; row < rows.Length; row++)
            {
                int above = rows[row].Scores.ToArray().Count(s => s >= ScoreBins.LowerEdge(bin));
                Assert.Equal(Math.Max(10, above), histogram.Kept(row, bin * ScoreBins.One));
            }
        }
    }

    [Fact]
    public void The_profile_is_the_bytes_of_the_rows()
    {
        ScoreHistogram histogram = Histograms.Session(4, rows: 5, entryBytes: 192);
        Random random = new(4);
        for (int i = 0; i < 2000; i++)
        {
            long position = random.NextInt64(ScoreBins.End + 5);
            long rows = Enumerable.Range(0, 5).Sum(row => histogram.Kept(row, position) * 192L);
            long profile = histogram.Profile.FloorBytes + histogram.Profile.BeyondFloors(position);

            // Rounded down row by row: less than one entry a row.
            Assert.InRange(profile - rows, 0, (5 * 192) - 1);
        }
    }

    [Fact]
    public void Nothing_is_kept_above_the_bins_but_floors_and_all_at_zero()
    {
        ScoreHistogram histogram = Histograms.Session(5);
        Assert.Equal(8, histogram.Kept(0, ScoreBins.End));
        Assert.Equal(200, histogram.Kept(0, 0));
        Assert.Equal(4 * 200 * 256, histogram.Profile.TotalBytes);
        Assert.Equal(4 * 8 * 256, histogram.Profile.FloorBytes);
    }

    [Fact]
    public void Mass_dropped_at_the_edge_of_a_bin_is_the_sum_of_what_lies_below()
    {
        HistogramRow[] rows = Histograms.Rows(6, 2, 300, floor: 5);
        ScoreHistogram histogram = ScoreHistogram.Of(rows);
        Assert.Equal(rows.Sum(r => r.Scores.ToArray().Sum(s => (double)s)), histogram.TotalMass, 1e-3 * histogram.TotalMass);
        for (int bin = 1; bin < ScoreBins.Count; bin += 7)
        {
            double below = rows.Sum(r => r.Scores.ToArray().Skip(5).Where(s => s < ScoreBins.LowerEdge(bin)).Sum(s => (double)s));
            Assert.Equal(below, histogram.DroppedMass(bin * ScoreBins.One), 1e-4 * histogram.TotalMass);
        }
    }

    [Fact]
    public void Cutting_by_pages_frees_at_least_what_the_threshold_asks_for_and_less_than_a_page_more_a_row()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            ScoreHistogram histogram = Histograms.Session(seed, entries: 150 + seed, floor: 20, page: 32);
            int[] kept = new int[histogram.Rows];
            for (long position = 0; position <= ScoreBins.End; position += ScoreBins.One * 5 / 2)
            {
                histogram.KeptPages(position, kept);
                long asked = histogram.Profile.TotalBytes - histogram.Profile.FloorBytes - histogram.Profile.BeyondFloors(position);
                Assert.InRange(histogram.Freed(kept) - asked, 0, histogram.Rows * 32 * 256 * 2);
                Assert.All(kept, k => Assert.True(k == 150 + seed || k % 32 == 0));
                Assert.All(kept, k => Assert.True(k >= 32));
            }
        }
    }

    [Fact]
    public void Merged_histograms_count_as_their_rows_together()
    {
        ScoreHistogram a = Histograms.Session(7, entries: 120);
        ScoreHistogram b = Histograms.Session(8, entries: 60);
        ScoreHistogram sum = a.Merge(b);
        for (int bin = 0; bin <= ScoreBins.Count; bin++)
        {
            long position = bin * ScoreBins.One;
            Assert.Equal(a.Kept(1, position) + b.Kept(1, position), sum.Kept(1, position));
            Assert.Equal(a.DroppedMass(position) + b.DroppedMass(position), sum.DroppedMass(position), 1e-4);
        }

        Assert.Equal(a.Profile.TotalBytes + b.Profile.TotalBytes, sum.Profile.TotalBytes);
        Assert.Throws<ArgumentException>(() => a.Merge(Histograms.Session(9, rows: 3)));
    }

    [Fact]
    public void A_histogram_after_a_cut_is_that_of_the_entries_left()
    {
        HistogramRow[] rows = Histograms.Rows(11, 3, 300, floor: 10, wild: false);
        int[] kept = [300, 120, 10];
        ScoreHistogram cut = ScoreHistogram.Of(rows).Cut(kept);
        ScoreHistogram left = ScoreHistogram.Of([.. rows.Select((r, i) => new HistogramRow(r.Scores[..kept[i]], r.EntryBytes, r.Floor))]);
        Assert.Equal(left.Profile.TotalBytes, cut.Profile.TotalBytes);
        Assert.Equal(left.TotalMass, cut.TotalMass, 0.02 * left.TotalMass);
        for (int bin = 0; bin <= ScoreBins.Count; bin++)
        {
            for (int row = 0; row < 3; row++)
            {
                Assert.Equal(left.Kept(row, bin * ScoreBins.One), cut.Kept(row, bin * ScoreBins.One));
            }
        }

        Assert.Throws<ArgumentException>(() => cut.Cut([301, 120, 10]));
        Assert.Throws<ArgumentException>(() => cut.Cut([300, 120, 9]));
        Assert.Throws<ArgumentException>(() => cut.Cut([300, 120]));
    }

    [Fact]
    public void A_score_that_is_not_a_number_is_named_and_all_entries_count_alike()
    {
        ScoreHistogram histogram = ScoreHistogram.Of(
            [new HistogramRow(new float[] { 3, 2, 1 }, 8, 1), new HistogramRow(new[] { 3f, float.NaN, 1 }, 8, 1)]);
        Assert.Equal(new ScoreFault(1, 1, float.NaN), histogram.Fault);
        Assert.Contains("row 1, entry 1 is NaN", histogram.Fault!.ToString());
        Assert.Equal(1, histogram.Kept(0, ScoreBins.One));
        Assert.Equal(3, histogram.Kept(0, 0));
        Assert.Equal(4 * 8, histogram.Profile.Droppable);
        Assert.Equal(2.0 / 3, histogram.DroppableMass / histogram.TotalMass, 1e-12);
    }

    [Fact]
    public void Rows_that_increase_are_refused() =>
        Assert.Throws<ArgumentException>(() => ScoreHistogram.Of([new HistogramRow(new[] { 1f, 2f }, 8)]));

    [Fact]
    public void A_session_without_rows_or_entries_holds_nothing()
    {
        Assert.Equal(0, ScoreHistogram.Of([]).Profile.TotalBytes);
        Assert.Equal(0, ScoreHistogram.Of([new HistogramRow(ReadOnlyMemory<float>.Empty, 8, 4)]).Profile.TotalBytes);
    }
}
