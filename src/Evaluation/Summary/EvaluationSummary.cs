using KVCluster.Evaluation.Running;

namespace KVCluster.Evaluation.Summary;

/// <summary>What outcomes come to: pure numbers, for tables, JSON and plots.</summary>
public sealed record EvaluationSummary
{
    /// <summary>How the questions were asked.</summary>
    public required EvaluationProtocol Protocol { get; init; }

    /// <summary>Different samples.</summary>
    public required int Samples { get; init; }

    /// <summary>Over all lengths first, then each length where there are several.</summary>
    public required IReadOnlyList<LengthSummary> Lengths { get; init; }

    /// <summary>Every task x length x policy x ratio.</summary>
    public required IReadOnlyList<AccuracyCell> Cells { get; init; }

    /// <summary>A map for each policy and ratio.</summary>
    public required IReadOnlyList<RetentionMap> Maps { get; init; }

    /// <summary>
    /// Sums outcomes of one protocol and one model up; the whole cache's ("none") must be among them. Throws ArgumentException otherwise.
    /// </summary>
    public static EvaluationSummary Of(IReadOnlyList<Outcome> outcomes)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        if (outcomes.Count == 0 || outcomes.Any(o => o.Protocol != outcomes[0].Protocol))
        {
            throw new ArgumentException("a summary is of outcomes of one protocol, at least one", nameof(outcomes));
        }

        int[] lengths = [.. outcomes.Select(o => o.Length).Distinct().Order()];
        List<LengthSummary> summaries = [LengthAggregation.Of(outcomes, null)];
        if (lengths.Length > 1)
        {
            summaries.AddRange(lengths.Select(l => LengthAggregation.Of([.. outcomes.Where(o => o.Length == l)], l)));
        }

        return new EvaluationSummary
        {
            Protocol = outcomes[0].Protocol,
            Samples = outcomes.Select(o => o.Sample).Distinct().Count(),
            Lengths = summaries,
            Cells = [.. CellsOf(outcomes)],
            Maps = [.. MapsOf(outcomes)],
        };
    }

    private static IEnumerable<AccuracyCell> CellsOf(IReadOnlyList<Outcome> outcomes) => outcomes
        .GroupBy(o => (o.Task, o.Length, o.Policy, o.Ratio))
        .Select(g => new AccuracyCell(g.Key.Task, g.Key.Length, g.Key.Policy, g.Key.Ratio, g.Average(o => o.Score), g.Count()));

    private static IEnumerable<RetentionMap> MapsOf(IReadOnlyList<Outcome> outcomes)
    {
        foreach (IGrouping<(string Policy, double Ratio), Outcome> group in outcomes
            .Where(o => o.Policy != PolicyUnderTest.WholeCache)
            .GroupBy(o => (o.Policy, o.Ratio)))
        {
            int heads = group.First().Kept.Count;
            yield return new RetentionMap(
                group.Key.Policy,
                group.Key.Ratio,
                group.First().KvHeads,
                [.. Enumerable.Range(0, heads).Select(i => group.Average(o => (double)o.Kept[i] / o.ContextTokens))],
                [.. Enumerable.Range(0, heads).Select(i => group.Average(o => o.Kept[i]))]);
        }
    }
}
