using KVCluster.Evaluation.Summary;

namespace KVCluster.Evaluation.Reports;

/// <summary>Accuracy against bytes really held, a line for each policy.</summary>
internal static class AccuracyChart
{
    private const double Left = 64;
    private const double Top = 16;
    private const double PlotWidth = 560;
    private const double PlotHeight = 320;
    private const double LegendLeft = Left + PlotWidth + 24;
    private const double LegendWidth = 300;
    private const double LegendLine = 18;

    public static string Draw(LengthSummary summary)
    {
        double height = Math.Max(Top + PlotHeight + 52, Top + 24 + (summary.Curves.Count * LegendLine));
        SvgCanvas svg = new(LegendLeft + LegendWidth, height, "Accuracy against bytes held after compression, by policy");
        DrawAxes(svg, summary);
        for (int i = 0; i < summary.Curves.Count; i++)
        {
            PolicyCurve curve = summary.Curves[i];
            SeriesStyle style = SeriesStyle.Of(i);
            svg.Series([.. curve.Points.OrderBy(p => p.HeldShare).Select(p => (X(p.HeldShare), Y(p.Accuracy), TitleOf(curve, p)))], style);
            double y = Top + 12 + (i * LegendLine);
            svg.Series([(LegendLeft, y, curve.Policy), (LegendLeft + 26, y, curve.Policy)], style);
            svg.Text(LegendLeft + 36, y + 4, curve.Policy);
        }

        return svg.Close();
    }

    private static void DrawAxes(SvgCanvas svg, LengthSummary summary)
    {
        for (int i = 0; i <= 5; i++)
        {
            double y = Y(i / 5.0);
            svg.Line(Left, y, Left + PlotWidth, y, i == 0 ? "axis" : "grid");
            svg.Text(Left - 8, y + 4, Markup.Coordinate(i / 5.0), "end");
        }

        for (int i = 0; i <= 10; i++)
        {
            double x = X(i / 10.0);
            svg.Line(x, Top, x, Top + PlotHeight, i == 0 ? "axis" : "grid");
            svg.Text(x, Top + PlotHeight + 18, $"{i * 10} %", "middle");
        }

        foreach ((double loss, string name) in new[] { (0.1, "10 % loss"), (0.2, "20 % loss") })
        {
            double y = Y(summary.WholeAccuracy * (1 - loss));
            svg.Line(Left, y, Left + PlotWidth, y, "limit");
            svg.Text(Left + 6, y - 4, name, "start", "note");
        }

        svg.Text(
            Left + (PlotWidth / 2),
            Top + PlotHeight + 40,
            $"bytes of pages held after compression (100 % = {Markup.Bytes(summary.WholeBytes)}, mean over samples)",
            "middle");
        svg.UpwardText(18, Top + (PlotHeight / 2), "accuracy (mean score, 0 to 1)");
    }

    private static string TitleOf(PolicyCurve curve, CurvePoint point) =>
        $"{curve.Policy}, ratio {Markup.Coordinate(point.Ratio)}: accuracy {Markup.Accuracy(point.Accuracy)}, "
        + $"{Markup.Percent(point.HeldShare)} of bytes held, {Markup.Percent(point.KeptShare)} of tokens, {point.Samples} samples";

    private static double X(double share) => Left + (share * PlotWidth);

    private static double Y(double accuracy) => Top + ((1 - accuracy) * PlotHeight);
}
