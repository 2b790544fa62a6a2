using KVCluster.Evaluation.Running;
using KVCluster.Evaluation.Summary;

namespace KVCluster.Evaluation.Reports;

/// <summary>The report's tables as text cells, for the page and for the terminal.</summary>
public static class ReportTables
{
    /// <summary>Shares of bytes at which policies are compared with each other.</summary>
    public static IReadOnlyList<double> EqualBytes { get; } = [0.5, 0.25, 0.125];

    /// <summary>A row for each policy: accuracy at each ratio, areas, savings, seconds.</summary>
    public static (IReadOnlyList<string> Head, IReadOnlyList<IReadOnlyList<string>> Rows) Policies(LengthSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        double[] ratios = [.. summary.Curves.SelectMany(c => c.Points.Select(p => p.Ratio)).Distinct().Order()];
        string[] head =
        [
            "policy",
            .. ratios.Select(r => r == 0 ? "whole" : Markup.Coordinate(r)),
            "AUC", "AUC (bytes)", "saved within 10 %", "within 20 %", "seconds",
        ];
        return (head, [.. summary.Curves.Select(c => Row(c, ratios))]);
    }

    /// <summary>A row for each policy: bytes really held at each ratio, and accuracy at equal bytes.</summary>
    public static (IReadOnlyList<string> Head, IReadOnlyList<IReadOnlyList<string>> Rows) Bytes(LengthSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        double[] ratios = [.. summary.Curves.SelectMany(c => c.Points.Select(p => p.Ratio)).Where(r => r > 0).Distinct().Order()];
        string[] head =
        [
            "policy",
            .. ratios.Select(r => $"held at {Markup.Coordinate(r)}"),
            .. EqualBytes.Select(b => $"at {Markup.Coordinate(b * 100)} % held"),
        ];
        return (head, [.. summary.Curves.Select(c => BytesRow(c, ratios))]);
    }

    /// <summary>A row for each policy at each ratio: accuracy of each task and length.</summary>
    public static (IReadOnlyList<string> Head, IReadOnlyList<IReadOnlyList<string>> Rows) Tasks(EvaluationSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        (string Task, int Length)[] columns = [.. summary.Cells.Select(c => (c.Task, c.Length)).Distinct()];
        string[] head = ["policy", "ratio", .. columns.Select(c => $"{c.Task} {c.Length}")];
        ILookup<(string, double), AccuracyCell> rows = summary.Cells.ToLookup(c => (c.Policy, c.Ratio));
        return (head, [.. rows.Select(r => (string[])
        [
            r.Key.Item1 == PolicyUnderTest.WholeCache ? "whole cache" : r.Key.Item1,
            Markup.Coordinate(r.Key.Item2),
            .. columns.Select(c => r.FirstOrDefault(x => (x.Task, x.Length) == c) is { } cell ? Markup.Accuracy(cell.Accuracy) : ""),
        ])]);
    }

    private static string[] Row(PolicyCurve curve, double[] ratios) =>
    [
        curve.Policy,
        .. ratios.Select(r => curve.Points.FirstOrDefault(p => p.Ratio == r) is { } point ? Markup.Accuracy(point.Accuracy) : ""),
        Markup.Accuracy(curve.RatioArea),
        Markup.Accuracy(curve.SavedArea),
        Markup.Percent(curve.SavingWithin10),
        Markup.Percent(curve.SavingWithin20),
        Markup.Seconds(curve.Points.Skip(1).Select(p => p.CompressionSeconds).DefaultIfEmpty(0).Average()),
    ];

    private static string[] BytesRow(PolicyCurve curve, double[] ratios)
    {
        (double, double)[] byHeld = [.. curve.Points.OrderBy(p => p.HeldShare).Select(p => (p.HeldShare, p.Accuracy))];
        return
        [
            curve.Policy,
            .. ratios.Select(r => curve.Points.FirstOrDefault(p => p.Ratio == r) is { } point ? Markup.Percent(point.HeldShare) : ""),
            .. EqualBytes.Select(b => CurveMath.At(byHeld, b) is { } accuracy ? Markup.Accuracy(accuracy) : "not reached"),
        ];
    }
}
