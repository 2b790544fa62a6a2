using KVCluster.Evaluation.Running;

namespace KVCluster.Evaluation.Summary;

/// <summary>Curves of all policies over the outcomes of one length, or of all.</summary>
internal static class LengthAggregation
{
    public static LengthSummary Of(IReadOnlyList<Outcome> outcomes, int? length)
    {
        Outcome[] whole = [.. outcomes.Where(o => o.Policy == PolicyUnderTest.WholeCache)];
        if (whole.Length == 0)
        {
            throw new ArgumentException("the outcomes lack the whole cache's", nameof(outcomes));
        }

        CurvePoint start = PointOf(0, whole);
        IEnumerable<PolicyCurve> curves = outcomes
            .Where(o => o.Policy != PolicyUnderTest.WholeCache)
            .GroupBy(o => o.Policy)
            .Select(g => CurveOf(g.Key, start, g));
        return new LengthSummary(length, whole.Average(o => o.WholeBytes), start.Accuracy, [.. curves]);
    }

    private static PolicyCurve CurveOf(string policy, CurvePoint start, IEnumerable<Outcome> outcomes)
    {
        CurvePoint[] points =
        [
            start,
            .. outcomes.GroupBy(o => o.Ratio).OrderBy(g => g.Key).Select(g => PointOf(g.Key, [.. g])),
        ];
        (double, double)[] byRatio = [.. points.Select(p => (p.Ratio, p.Accuracy))];

        // A policy that is asked for less may hold as much, never more: still, the order of savings is theirs, not the ratios'.
        (double, double)[] bySaved = [.. points.OrderBy(p => p.Saved).Select(p => (p.Saved, p.Accuracy))];
        return new PolicyCurve(
            policy,
            points,
            CurveMath.NormalisedArea(byRatio),
            CurveMath.NormalisedArea(bySaved),
            CurveMath.LargestWithin(bySaved, 0.1),
            CurveMath.LargestWithin(bySaved, 0.2));
    }

    /// <summary>Scores are averaged within each task and length first: a task of many samples weighs no more than another.</summary>
    private static CurvePoint PointOf(double ratio, IReadOnlyList<Outcome> outcomes) => new(
        ratio,
        outcomes.GroupBy(o => (o.Task, o.Length)).Average(g => g.Average(o => o.Score)),
        outcomes.Average(o => (double)o.Bytes / o.WholeBytes),
        outcomes.Average(o => o.TotalKept / ((double)o.ContextTokens * o.Kept.Count)),
        Median(outcomes.Select(o => o.CompressionSeconds)),
        outcomes.Count);

    /// <summary>The first passes of a process, compiled as they run, would weigh too much in a mean.</summary>
    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
