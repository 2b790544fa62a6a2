using KVCluster.Evaluation.Summary;

namespace KVCluster.Evaluation.Reports;

/// <summary>Seconds to compress, a bar for each policy.</summary>
internal static class TimeChart
{
    private const double Left = 300;
    private const double Width = 420;
    private const double BarHeight = 16;
    private const double Step = 24;
    private const double Top = 8;

    public static string Draw(LengthSummary summary)
    {
        (string Policy, double Seconds)[] bars = [.. summary.Curves.Select(c => (c.Policy, Mean(c)))];
        double most = RoundUp(Math.Max(bars.Max(b => b.Seconds), 1e-6));
        double bottom = Top + (bars.Length * Step);
        SvgCanvas svg = new(Left + Width + 110, bottom + 48, "Seconds to compress, by policy");
        for (int i = 0; i < bars.Length; i++)
        {
            double y = Top + (i * Step);
            double width = bars[i].Seconds / most * Width;
            svg.Text(Left - 8, y + 12, bars[i].Policy, "end");
            svg.Box(Left, y, width, BarHeight, SeriesStyle.Of(i).Colour, $"{bars[i].Policy}: {Markup.Seconds(bars[i].Seconds)}");
            svg.Text(Left + width + 6, y + 12, Markup.Seconds(bars[i].Seconds));
        }

        svg.Line(Left, bottom, Left + Width, bottom, "axis");
        for (int i = 0; i <= 4; i++)
        {
            double x = Left + (i * Width / 4);
            svg.Line(x, bottom, x, bottom + 4, "axis");
            svg.Text(x, bottom + 18, TickText(most * i / 4), "middle");
        }

        svg.Text(Left + (Width / 2), bottom + 38, "time to score, plan and free (median over samples, mean over ratios)", "middle");
        return svg.Close();
    }

    /// <summary>The next of 1, 2, 4, 8 times a power of ten, so that quarters are round too.</summary>
    private static double RoundUp(double seconds)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(seconds)));
        return new[] { 1, 2, 4, 8, 10 }.Select(f => f * power).First(v => v >= seconds * (1 - 1e-9));
    }

    private static string TickText(double seconds) => seconds < 1
        ? $"{Markup.Coordinate(seconds * 1000)} ms"
        : $"{Markup.Coordinate(seconds)} s";

    private static double Mean(PolicyCurve curve) => curve.Points.Skip(1).Select(p => p.CompressionSeconds).DefaultIfEmpty(0).Average();
}
