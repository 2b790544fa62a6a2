using KVCluster.Compression.Pressure;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Tests.Pressure;

/// <summary>Cuts by ranked scores: the same slots as by looking for them, whatever ties there are.</summary>
public sealed class SessionRankingTests
{
    private const int Page = 16;
    private static readonly SessionFloors _floors = new() { Sinks = 3, Recents = 20, MinimumPerHead = 24 };
    private static readonly long[] _slotBytes = [64, 64, 64];

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(40)]
    public void A_ranked_cut_keeps_the_slots_that_a_plain_one_does(int values)
    {
        foreach (CacheShape shape in (CacheShape[])[CacheShape.Whole(3, 2, 333), Ragged(1), CacheShape.Whole(3, 2, 12)])
        {
            AttentionScores scores = Scores(shape, values, seed: 2);
            SessionRanking ranking = SessionRanking.Of(shape, scores, _floors, _slotBytes, Page);
            int rows = ranking.Histogram.Rows;
            foreach (int count in (int[])[0, 2, 16, 32, 48, 64, 111, 112, 160, 320, 333])
            {
                int[] kept = [.. Enumerable.Range(0, rows).Select(row => Math.Min(count, ranking.Histogram.Length(row)))];
                KeepChoice ranked = ranking.Choose(kept);
                KeepChoice plain = KeepPlan.Choose(shape, scores, _floors, kept);
                AssertEqual(plain.Plan, ranked.Plan);
                AssertEqual(Naive(shape, scores, kept), ranked.Plan);
                Assert.Equal(plain.Summary.DroppedMass!.Value, ranked.Summary.DroppedMass!.Value, 1e-5);
                for (int layer = 0; layer < shape.Layers; layer++)
                {
                    Assert.Equal(plain.Summary.DroppedMassPerLayer[layer], ranked.Summary.DroppedMassPerLayer[layer], 1e-5);
                    Assert.Equal(plain.Summary.KeptInLayer(layer), ranked.Summary.KeptInLayer(layer));
                }
            }
        }
    }

    [Fact]
    public void What_a_cut_leaves_is_ranked_as_if_it_were_scored_alone()
    {
        CacheShape shape = Ragged(3);
        AttentionScores scores = Scores(shape, 30, seed: 4);
        SessionRanking ranking = SessionRanking.Of(shape, scores, _floors, _slotBytes, Page);
        int[] kept = [.. Enumerable.Range(0, ranking.Histogram.Rows).Select(row => Math.Max(ranking.Histogram.Floor(row), 96))];
        RetentionPlan plan = ranking.Choose(kept).Plan;
        float[][] left = [.. Enumerable.Range(0, 6).Select(i => plan.Kept(i / 2, i % 2).ToArray().Select(s => scores.Row(i / 2, i % 2)[s]).ToArray())];
        SessionRanking after = ranking.After(plan, new AttentionScores(3, 2, left), _slotBytes);

        // Heads of one length again: a row a layer.
        Assert.Equal([96, 96, 96], Enumerable.Range(0, after.Histogram.Rows).Select(after.Histogram.Length));
        RetentionPlan twice = after.Choose([48, 48, 48]).Plan;
        RetentionPlan once = ranking.Choose([48, 48, 48, 48, 48, 48]).Plan;
        for (int i = 0; i < 6; i++)
        {
            int[] first = plan.Kept(i / 2, i % 2).ToArray();
            Assert.Equal(once.Kept(i / 2, i % 2).ToArray(), twice.Kept(i / 2, i % 2).ToArray().Select(s => first[s]));
        }
    }

    [Fact]
    public void Scores_that_are_no_numbers_leave_sinks_and_recents_and_are_named()
    {
        CacheShape shape = CacheShape.Whole(3, 2, 200);
        AttentionScores scores = Scores(shape, 0, seed: 5);
        scores.Row(1, 1)[9] = float.NaN;
        KeepChoice choice = SessionRanking.Of(shape, scores, _floors, _slotBytes, Page).Choose([32, 32, 200]);
        Assert.Equal(new ScoreFault(3, 9, float.NaN), choice.Fault);
        Assert.Null(choice.Summary.DroppedMass);
        Assert.Equal([0, 1, 2, .. Enumerable.Range(171, 29)], choice.Plan.Kept(0, 1).ToArray());
    }

    [Fact]
    public void A_large_cache_is_chosen_from_by_several_threads_alike()
    {
        CacheShape shape = CacheShape.Whole(3, 2, 1 << 16);
        AttentionScores scores = Scores(shape, 1000, seed: 6);
        AssertEqual(Naive(shape, scores, [4096, 40000, 65536]), KeepPlan.Of(shape, scores, _floors, [4096, 40000, 65536]));
    }

    /// <summary>Sorted by what comes first: sinks, then the newest recents, then scores, then earlier slots.</summary>
    private static RetentionPlan Naive(CacheShape shape, AttentionScores scores, int[] kept)
    {
        int[][] slots = new int[shape.Layers * shape.KvHeads][];
        for (int i = 0; i < slots.Length; i++)
        {
            (int layer, int head) = (i / shape.KvHeads, i % shape.KvHeads);
            float[] row = scores.Row(layer, head).ToArray();
            bool IsSink(int slot) => shape.Position(layer, head, slot) < _floors.Sinks;
            bool IsRecent(int slot) => shape.Position(layer, head, slot) >= shape.LogicalLength - _floors.Recents;
            slots[i] = [.. Enumerable.Range(0, row.Length)
                .OrderByDescending(IsSink)
                .ThenByDescending(slot => !IsSink(slot) && IsRecent(slot) ? slot + 1 : 0)
                .ThenByDescending(slot => IsSink(slot) ? 0 : row[slot])
                .ThenBy(slot => slot)
                .Take(kept[kept.Length == shape.Layers ? layer : i])
                .Order()];
        }

        return new RetentionPlan(shape.Layers, shape.KvHeads, slots);
    }

    private static void AssertEqual(RetentionPlan expected, RetentionPlan actual)
    {
        for (int i = 0; i < expected.Layers * expected.KvHeads; i++)
        {
            int[] kept = actual.Kept(i / expected.KvHeads, i % expected.KvHeads).ToArray();
            Assert.Equal(expected.Kept(i / expected.KvHeads, i % expected.KvHeads).ToArray(), kept);
        }
    }

    /// <summary>Seeded scores; of so many different values, or (0) of any.</summary>
    private static AttentionScores Scores(CacheShape shape, int values, int seed)
    {
        var random = new Random(seed);
        return new AttentionScores(shape.Layers, shape.KvHeads, [.. Enumerable.Range(0, shape.Layers * shape.KvHeads).Select(i =>
            Enumerable.Range(0, shape.Slots(i / shape.KvHeads, i % shape.KvHeads))
                .Select(_ => values == 0 ? random.NextSingle() : random.Next(values) / (float)values).ToArray())]);
    }

    private static CacheShape Ragged(int seed)
    {
        var random = new Random(seed);
        return new CacheShape(3, 2, 400, [.. Enumerable.Range(0, 6).Select(i =>
            Enumerable.Range(0, 400).Where(position => position >= 380 || random.Next(10) < 4 + i).ToArray())]);
    }
}
