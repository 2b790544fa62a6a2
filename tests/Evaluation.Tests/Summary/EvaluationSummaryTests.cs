using KVCluster.Evaluation.Running;
using KVCluster.Evaluation.Summary;

namespace KVCluster.Evaluation.Tests.Summary;

/// <summary>Against numbers worked out by hand.</summary>
public sealed class EvaluationSummaryTests
{
    private static readonly Outcome[] s_outcomes =
    [
        Outcomes.Make("none", 0, 1, sample: "a"),
        Outcomes.Make("none", 0, 1, sample: "b"),
        Outcomes.Make("none", 0, 0.5, sample: "c", task: "u", length: 128),
        Outcomes.Make("p", 0.5, 1, bytes: 60, sample: "a", kept: [2, 4, 6, 8]),
        Outcomes.Make("p", 0.5, 0, bytes: 40, sample: "b", kept: [4, 4, 6, 6]),
        Outcomes.Make("p", 0.5, 0.25, bytes: 50, sample: "c", task: "u", length: 128, kept: [6, 4, 0, 10]),
    ];

    [Fact]
    public void Tasks_weigh_the_same_however_many_samples_they_have()
    {
        LengthSummary all = EvaluationSummary.Of(s_outcomes).Lengths[0];
        Assert.Null(all.Length);
        Assert.Equal(0.75, all.WholeAccuracy);
        PolicyCurve curve = Assert.Single(all.Curves);
        Assert.Equal("p", curve.Policy);

        // (mean(1, 0) + 0.25) / 2.
        Assert.Equal([0.75, 0.375], curve.Points.Select(p => p.Accuracy));
        Assert.Equal([1, 0.5], curve.Points.Select(p => p.HeldShare));
        Assert.Equal([1, 0.5], curve.Points.Select(p => p.KeptShare));
        Assert.Equal([3, 3], curve.Points.Select(p => p.Samples));
        Assert.Equal(0.5625, curve.RatioArea, 12);
        Assert.Equal(0.5625, curve.SavedArea, 12);

        // From 0.75 to 0.375 over a saving of 0.5: 10 % of 0.75 are lost at 0.1.
        Assert.Equal(0.1, curve.SavingWithin10, 12);
        Assert.Equal(0.2, curve.SavingWithin20, 12);
        Assert.Equal(0.875, curve.Points[1].CompressionSeconds);
    }

    [Fact]
    public void Each_length_has_its_own_curves()
    {
        EvaluationSummary summary = EvaluationSummary.Of(s_outcomes);
        Assert.Equal([null, 64, 128], summary.Lengths.Select(l => l.Length));
        Assert.Equal([0.75, 1, 0.5], summary.Lengths.Select(l => l.WholeAccuracy));
        Assert.Equal([0.375, 0.5, 0.25], summary.Lengths.Select(l => l.Curves[0].Points[1].Accuracy));
        Assert.Equal(3, summary.Samples);
    }

    [Fact]
    public void One_length_alone_is_told_once() => Assert.Single(EvaluationSummary.Of([.. s_outcomes.Where(o => o.Length == 64)]).Lengths);

    [Fact]
    public void Cells_are_means_of_task_length_policy_and_ratio()
    {
        IReadOnlyList<AccuracyCell> cells = EvaluationSummary.Of(s_outcomes).Cells;
        Assert.Equal(4, cells.Count);
        Assert.Contains(new AccuracyCell("t", 64, "p", 0.5, 0.5, 2), cells);
        Assert.Contains(new AccuracyCell("u", 128, "none", 0, 0.5, 1), cells);
    }

    [Fact]
    public void Maps_are_means_by_layer_and_head()
    {
        RetentionMap map = Assert.Single(EvaluationSummary.Of(s_outcomes).Maps);
        Assert.Equal((2, 2), (map.Layers, map.KvHeads));
        Assert.Equal([4, 4, 4, 8], map.KeptTokens);
        Assert.Equal([0.4, 0.4, 0.4, 0.8], map.KeptShare.Select(s => Math.Round(s, 12)));
    }

    [Fact]
    public void Without_the_whole_cache_there_is_nothing_to_compare_with()
    {
        Assert.Throws<ArgumentException>(() => EvaluationSummary.Of([.. s_outcomes.Where(o => o.Policy == "p")]));
        Assert.Throws<ArgumentException>(() => EvaluationSummary.Of([]));
        Outcome other = Outcomes.Make("p", 0.5, 1) with { Protocol = EvaluationProtocol.MultiTurn };
        Assert.Throws<ArgumentException>(() => EvaluationSummary.Of([.. s_outcomes, other]));
    }
}
