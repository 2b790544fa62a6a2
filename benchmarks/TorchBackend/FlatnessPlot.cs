using System.Globalization;
using KVCluster.Evaluation.Reports;

namespace KVCluster.Benchmarks.Torch;

/// <summary>Memory over steps as an SVG: a strip for each kind, each from zero, so that a leak is a line that rises.</summary>
internal static class FlatnessPlot
{
    private const double Left = 130;
    private const double Width = 540;
    private const double Top = 34;
    private const double Height = 62;
    private const double Gap = 22;
    private const double Mebi = 1 << 20;

    /// <summary>The picture.</summary>
    public static string Of(IReadOnlyList<FlatnessPoint> points, string title)
    {
        (string Name, string Unit, Func<FlatnessPoint, double> Value)[] strips =
        [
            ("tensors alive", "", p => p.Tensors),
            ("workspace", " KiB", p => p.WorkspaceBytes / 1024.0),
            ("process", " MiB", p => p.ResidentBytes / Mebi),
            ("arena in use", " KiB", p => p.ArenaBytes / 1024.0),
        ];
        double bottom = Top + (strips.Length * (Height + Gap)) - Gap;
        var svg = SvgCanvas.File(Left + Width + 100, bottom + 44, title);
        svg.Text(10, 18, title, "start", "t");
        for (int i = 0; i < strips.Length; i++)
        {
            Strip(svg, points, Top + (i * (Height + Gap)), strips[i].Name, strips[i].Unit, strips[i].Value);
        }

        for (int tick = 0; tick <= 5; tick++)
        {
            int step = points[^1].Step * tick / 5;
            svg.Text(Left + (Width * tick / 5), bottom + 18, step.ToString("N0", CultureInfo.InvariantCulture), "middle", "t");
        }

        svg.Text(Left + (Width / 2), bottom + 36, "steps", "middle", "t");
        return svg.Close();
    }

    private static void Strip(
        SvgCanvas svg, IReadOnlyList<FlatnessPoint> points, double top, string name, string unit, Func<FlatnessPoint, double> value)
    {
        double most = points.Max(value);
        double least = points.Min(value);
        string Amount(double amount) => amount.ToString("N0", CultureInfo.InvariantCulture) + unit;
        svg.Line(Left, top + Height, Left + Width, top + Height, "g");
        svg.Path(points.Select(p => (Left + (Width * p.Step / points[^1].Step), top + (Height * (1 - (value(p) / Math.Max(1, most)))))), "l a");
        svg.Text(Left - 10, top + (Height / 2) + 4, name, "end", "t");
        svg.Text(Left + Width + 6, top + 6, Amount(most), "start", "t");
        svg.Text(Left + Width + 6, top + Height + 4, "0", "start", "t");
        if (least < most)
        {
            svg.Text(Left + Width + 6, top + 22, $"least {Amount(least)}", "start", "t");
        }
    }
}
