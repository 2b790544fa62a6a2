using System.Globalization;
using System.Text;

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
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Left + Width + 100} {bottom + 44}\" role=\"img\" aria-label=\"{title}\" font-family=\"system-ui,sans-serif\" font-size=\"12\">\n");
        svg.Append("<style>.t{fill:#333}.g{stroke:#8886;stroke-width:1}.a{stroke:#1769aa;fill:none;stroke-width:1.5}@media(prefers-color-scheme:dark){.t{fill:#ddd}.a{stroke:#62b0ee}}</style>\n");
        Text(svg, Left, 18, title, "start");
        for (int i = 0; i < strips.Length; i++)
        {
            Strip(svg, points, Top + (i * (Height + Gap)), strips[i].Name, strips[i].Unit, strips[i].Value);
        }

        for (int tick = 0; tick <= 5; tick++)
        {
            int step = points[^1].Step * tick / 5;
            Text(svg, Left + (Width * tick / 5), bottom + 18, step.ToString("N0", CultureInfo.InvariantCulture), "middle");
        }

        Text(svg, Left + (Width / 2), bottom + 36, "steps", "middle");
        return svg.Append("</svg>\n").ToString();
    }

    private static void Strip(
        StringBuilder svg, IReadOnlyList<FlatnessPoint> points, double top, string name, string unit, Func<FlatnessPoint, double> value)
    {
        double most = points.Max(value);
        double least = points.Min(value);
        string Amount(double amount) => amount.ToString("N0", CultureInfo.InvariantCulture) + unit;
        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"g\" x1=\"{Left}\" y1=\"{top + Height}\" x2=\"{Left + Width}\" y2=\"{top + Height}\"/>\n");
        string line = string.Join(' ', points.Select(p => string.Create(
            CultureInfo.InvariantCulture, $"{Left + (Width * p.Step / points[^1].Step):0.#},{top + (Height * (1 - (value(p) / Math.Max(1, most)))):0.#}")));
        svg.Append(CultureInfo.InvariantCulture, $"<polyline class=\"a\" points=\"{line}\"/>\n");
        Text(svg, Left - 10, top + (Height / 2) + 4, name, "end");
        Text(svg, Left + Width + 6, top + 6, Amount(most), "start");
        Text(svg, Left + Width + 6, top + Height + 4, "0", "start");
        if (least < most)
        {
            Text(svg, Left + Width + 6, top + 22, $"least {Amount(least)}", "start");
        }
    }

    private static void Text(StringBuilder svg, double x, double y, string text, string anchor) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>\n");
}
