using FsCheck;
using FsCheck.Fluent;
using KVCluster.Compression.Pressure;

namespace KVCluster.Compression.Tests.Pressure;

/// <summary>What holds for any sessions, weights and targets.</summary>
public sealed class GlobalThresholdTests
{
    private const int Page = 32;
    private const long EntryBytes = 192;

    public sealed record Case(int[] Seeds, double[] Weights, double Share)
    {
        public ScoreHistogram[] Histograms { get; } = Array.ConvertAll(
            Seeds, seed => Tests.Pressure.Histograms.Session(seed, 1 + (seed % 5), 40 + (seed % 300), EntryBytes, seed % 50, Page));

        public WeightedProfile[] Profiles => [.. Histograms.Zip(Weights, (h, w) => new WeightedProfile(h.Profile, w))];

        public long Total => Histograms.Sum(h => h.Profile.TotalBytes);

        public long Floors => Histograms.Sum(h => h.Profile.FloorBytes);

        public long Target => (long)(Share * Total);
    }

    private static Arbitrary<Case> Cases =>
        (from count in Gen.Choose(1, 12)
         from seeds in Gen.ArrayOf(Gen.Choose(0, 100_000), count)
         from weights in Gen.ArrayOf(Gen.Elements(0, 1e-6, 0.05, 0.5, 1, 1, 1, 3, 16, 1e6), count)
         from share in Gen.Choose(0, 1100)
         select new Case(seeds, weights, share / 1000.0)).ToArbitrary();

    private static Config Setup => Config.QuickThrowOnFailure.WithMaxTest(150);

    [Fact]
    public void Bytes_after_are_the_target_within_one_page_a_row()
    {
        Prop.ForAll(Cases, c =>
        {
            ThresholdSolution solved = GlobalThreshold.Solve(c.Profiles, c.Target);
            long used = 0;
            long slack = 0;
            bool open = false;
            for (int s = 0; s < c.Histograms.Length; s++)
            {
                ScoreHistogram histogram = c.Histograms[s];
                int[] kept = new int[histogram.Rows];
                histogram.KeptPages(solved.Position(c.Weights[s]), kept);
                used += kept.Sum(k => k * EntryBytes);
                slack += histogram.Rows * Page * EntryBytes;
                open |= c.Weights[s] > 0 && kept.Where((k, row) => k < histogram.Length(row)).Any();
            }

            bool above = used > Math.Max(c.Target, c.Floors);
            bool below = open && used < c.Target - slack;
            return !above && !below && solved.IsFeasible == (c.Floors <= c.Target);
        }).Check(Setup);
    }

    [Fact]
    public void A_larger_target_never_keeps_less_of_any_row()
    {
        Prop.ForAll(Cases, c =>
        {
            int[]? smaller = null;
            for (double share = 0; share <= 1; share += 0.09)
            {
                ThresholdSolution solved = GlobalThreshold.Solve(c.Profiles, (long)(share * c.Total));
                int[] kept = Kept(c.Histograms, c.Weights, solved);
                if (smaller is not null && kept.Zip(smaller).Any(k => k.First < k.Second))
                {
                    return false;
                }

                smaller = kept;
            }

            return true;
        }).Check(Setup);
    }

    [Fact]
    public void Floors_hold()
    {
        Prop.ForAll(Cases, c =>
        {
            ThresholdSolution solved = GlobalThreshold.Solve(c.Profiles, c.Target);
            return c.Histograms.Select((h, s) => Enumerable.Range(0, h.Rows).All(row => h.Kept(row, solved.Position(c.Weights[s])) >= h.Floor(row)))
                .All(held => held);
        }).Check(Setup);
    }

    [Fact]
    public void The_order_of_sessions_does_not_matter()
    {
        Prop.ForAll(Cases, c =>
        {
            WeightedProfile[] shuffled = c.Profiles;
            new Random(c.Seeds[0]).Shuffle(shuffled);
            return GlobalThreshold.Solve(c.Profiles, c.Target) == GlobalThreshold.Solve(shuffled, c.Target);
        }).Check(Setup);
    }

    [Fact]
    public void Equal_sessions_of_equal_weight_keep_the_same()
    {
        Prop.ForAll(Cases, c =>
        {
            ScoreHistogram twin = Histograms.Session(c.Seeds[0], 1 + (c.Seeds[0] % 5), 40 + (c.Seeds[0] % 300), EntryBytes, c.Seeds[0] % 50, Page);
            ScoreHistogram[] all = [.. c.Histograms, twin];
            double[] weights = [.. c.Weights, c.Weights[0]];
            WeightedProfile[] profiles = [.. all.Zip(weights, (h, w) => new WeightedProfile(h.Profile, w))];
            ThresholdSolution solved = GlobalThreshold.Solve(profiles, c.Target);
            long position = solved.Position(weights[0]);
            return Enumerable.Range(0, twin.Rows).All(row => twin.Kept(row, position) == all[0].Kept(row, position))
                && solved.Position(weights[^1]) == position;
        }).Check(Setup);
    }

    [Fact]
    public void A_heavier_session_keeps_no_less_of_the_same_scores()
    {
        Prop.ForAll(Cases, c =>
        {
            ThresholdSolution solved = GlobalThreshold.Solve(c.Profiles, c.Target);
            double[] ordered = [.. c.Weights.Order()];
            return ordered.Zip(ordered.Skip(1)).All(pair => solved.Position(pair.First) >= solved.Position(pair.Second));
        }).Check(Setup);
    }

    [Fact]
    public void A_solve_allocates_nothing()
    {
        WeightedProfile[] profiles = [.. Enumerable.Range(0, 100).Select(i => new WeightedProfile(Histograms.Session(i).Profile, 1 + (i % 3)))];
        GlobalThreshold.Solve(profiles, 1_000_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        GlobalThreshold.Solve(profiles, 5_000_000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_summed_profile_is_the_parts_within_one_bin()
    {
        WeightedProfile[] parts = [.. Enumerable.Range(0, 20).Select(i => new WeightedProfile(Histograms.Session(i).Profile, 0.1 + i))];
        ByteProfile sum = ByteProfile.Sum(parts);
        Assert.Equal(parts.Sum(p => p.Profile.TotalBytes), sum.TotalBytes);
        for (double threshold = 1e-6; threshold < 100; threshold *= 1.37)
        {
            long summed = sum.BeyondFloors(ScoreBins.Position(threshold));
            long At(double value) => parts.Sum(p => p.Profile.BeyondFloors(ScoreBins.Position(value / p.Weight)));
            Assert.InRange(summed, At(threshold * 1.27), At(threshold / 1.27));
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-1)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(1e-12)]
    public void Weights_out_of_range_are_refused_by_number(double weight)
    {
        WeightedProfile[] profiles = [new(Histograms.Session(1).Profile, 1), new(Histograms.Session(2).Profile, weight)];
        ArgumentException error = Assert.Throws<ArgumentException>(() => GlobalThreshold.Solve(profiles, 10));
        Assert.Contains("session 1", error.Message);
    }

    private static int[] Kept(ScoreHistogram[] histograms, double[] weights, ThresholdSolution solved) =>
        [.. histograms.SelectMany((h, s) => Enumerable.Range(0, h.Rows).Select(row => h.Kept(row, solved.Position(weights[s]))))];
}
