using System.Globalization;
using System.Text;

namespace KVCluster.Benchmarks.AllocatorSimulation;

/// <summary>The results as one SVG file with two charts: how the allocator settles, and what each policy comes to.</summary>
internal static class SimulationPlot
{
    private const double Left = 70;
    private const double Width = 590;
    private const double Height = 180;
    private const double First = 60;
    private const double Second = 320;

    private const string Style =
        ".t{fill:#333}.g{stroke:#8884;stroke-width:1}.m{stroke:#8888;stroke-dasharray:4}.a{stroke:#1769aa;fill:none;stroke-width:3}"
        + ".p0{fill:#1769aa}.p1{fill:#7b4aa0}.p2{fill:#2e7d4f}.p3{fill:#c2571a}"
        + "@media(prefers-color-scheme:dark){.t{fill:#ddd}.a{stroke:#62b0ee}.p0{fill:#62b0ee}.p1{fill:#b88be0}.p2{fill:#6cc08f}.p3{fill:#f0925a}}";

    public static string Svg(SimulationSettings settings, IReadOnlyList<SimulationResult> results)
    {
        StringBuilder svg = new();
        string title = $"{N(settings.Nodes)} nodes x {N(settings.SessionsPerNode)} sessions, memory for {settings.MemoryShare:P0} of all bytes";
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {N(Second + Height + 50)}\" role=\"img\" ")
            .Append(CultureInfo.InvariantCulture, $"aria-label=\"{title}: the shortage by round, and first-token time against attention kept for each policy\" ")
            .Append("font-family=\"system-ui,sans-serif\" font-size=\"13\">\n")
            .Append(CultureInfo.InvariantCulture, $"<style>{Style}</style>\n");
        Text(svg, Left, 24, title, "start", bold: true);
        Shortage(svg, settings, results[0]);
        Comparison(svg, results);
        return svg.Append("</svg>\n").ToString();
    }

    private static void Shortage(StringBuilder svg, SimulationSettings settings, SimulationResult result)
    {
        double most = Math.Max(0.01, result.Short.Max());
        Text(svg, Left, First - 12, $"bytes that nodes are short of, by round of {N(settings.RoundSeconds)} s, with the allocator", "start");
        Grid(svg, First, share => (share * most).ToString("P1", CultureInfo.InvariantCulture));
        double X(double round) => Left + (Width * round / Math.Max(1, result.Short.Count - 1));
        double shift = X(settings.ShiftRound);
        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"m\" x1=\"{N(shift)}\" y1=\"{N(First)}\" x2=\"{N(shift)}\" y2=\"{N(First + Height)}\"/>\n");
        Text(svg, shift + 5, First + 14, "other nodes become hot", "start");
        string points = string.Join(' ', result.Short.Select((s, i) => $"{N(X(i))},{N(First + (Height * (1 - (s / most))))}"));
        svg.Append(CultureInfo.InvariantCulture, $"<polyline class=\"a\" points=\"{points}\"/>\n");
        Text(svg, Left, First + Height + 20, "1", "middle");
        Text(svg, Left + Width, First + Height + 20, N(result.Short.Count), "middle");
    }

    private static void Comparison(StringBuilder svg, IReadOnlyList<SimulationResult> results)
    {
        double most = Math.Ceiling(results.Max(r => r.MeanFirstToken) * 2.2) / 2;
        double least = Math.Floor((results.Min(r => r.MassAtTurns) - 0.001) * 20) / 20;
        Text(svg, Left, Second - 12, "mean seconds to the first token against attention mass at the turn", "start");
        Grid(svg, Second, share => $"{N(share * most)} s");
        Text(svg, Left, Second + Height + 20, least.ToString("P0", CultureInfo.InvariantCulture), "middle");
        Text(svg, Left + Width, Second + Height + 20, "100 %", "middle");
        for (int i = 0; i < results.Count; i++)
        {
            double x = Left + (Width * (results[i].MassAtTurns - least) / Math.Max(1e-9, 1 - least));
            double y = Second + (Height * (1 - (results[i].MeanFirstToken / most)));
            svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"p{i % 4}\" cx=\"{N(x)}\" cy=\"{N(y)}\" r=\"6\"/>\n");
            bool right = x > Left + (Width / 2);
            Text(svg, x + (right ? -12 : 12), y + 4, results[i].Policy, right ? "end" : "start");
        }
    }

    private static void Grid(StringBuilder svg, double top, Func<double, string> label)
    {
        foreach (double share in (double[])[0, 0.5, 1])
        {
            double y = top + (Height * (1 - share));
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"g\" x1=\"{N(Left)}\" y1=\"{N(y)}\" x2=\"{N(Left + Width)}\" y2=\"{N(y)}\"/>\n");
            Text(svg, Left - 8, y + 4, label(share), "end");
        }
    }

    private static void Text(StringBuilder svg, double x, double y, string text, string anchor, bool bold = false) => svg.Append(
        CultureInfo.InvariantCulture,
        $"<text class=\"t\" x=\"{N(x)}\" y=\"{N(y)}\" text-anchor=\"{anchor}\"{(bold ? " font-weight=\"600\"" : "")}>{text}</text>\n");

    private static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
