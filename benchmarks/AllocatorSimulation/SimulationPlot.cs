using System.Globalization;
using System.Text;

namespace KVCluster.Benchmarks.AllocatorSimulation;

/// <summary>The results as one page with two pictures.</summary>
internal static class SimulationPlot
{
    private const double Left = 60;
    private const double Top = 20;
    private const double Width = 560;
    private const double Height = 260;
    private static readonly string[] _colours = ["#0b7a75", "#b5651d", "#6a4c93", "#c1121f"];

    public static string Html(SimulationSettings settings, IReadOnlyList<SimulationResult> results)
    {
        StringBuilder page = new();
        page.Append("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Allocator simulation</title>");
        page.Append("<style>body{font:14px sans-serif;margin:2em}svg text{font:12px sans-serif;fill:#333}</style>");
        page.Append(CultureInfo.InvariantCulture, $"<h1>{settings.Nodes} nodes x {settings.SessionsPerNode} sessions</h1>");
        page.Append("<h2>Bytes that nodes are short of, by round</h2>").Append(Shortage(settings, results[0]));
        page.Append("<h2>First token against attention mass at the turn</h2>").Append(Comparison(results));
        return page.Append("</html>\n").ToString();
    }

    private static string Shortage(SimulationSettings settings, SimulationResult result)
    {
        double most = Math.Max(0.01, result.Short.Max());
        StringBuilder svg = Open("Share of the cluster's bytes that nodes are short of, by round");
        string points = string.Join(' ', result.Short.Select((s, i) => $"{N(X(i, result.Short.Count))},{N(Y(s / most))}"));
        Text(svg, Left - 8, Y(1) + 4, most.ToString("P1", CultureInfo.InvariantCulture), "end");
        Text(svg, Left - 8, Y(0) + 4, "0 %", "end");
        double shift = X(settings.ShiftRound, result.Short.Count);
        svg.Append($"<line x1=\"{N(shift)}\" y1=\"{N(Top)}\" x2=\"{N(shift)}\" y2=\"{N(Top + Height)}\" stroke=\"#999\" stroke-dasharray=\"4\"/>");
        Text(svg, shift + 4, Top + 12, "other nodes become hot", "start");
        svg.Append($"<polyline points=\"{points}\" fill=\"none\" stroke=\"{_colours[0]}\" stroke-width=\"2\"/>");
        return svg.Append("</svg>").ToString();
    }

    private static string Comparison(IReadOnlyList<SimulationResult> results)
    {
        double most = results.Max(r => r.MeanFirstToken) * 1.1;
        double least = Math.Floor(results.Min(r => r.MassAtTurns) * 20) / 20;
        StringBuilder svg = Open("Mean first-token time against attention mass at the turn, a point for each policy");
        Text(svg, Left - 8, Y(1) + 4, $"{N(most)} s", "end");
        Text(svg, Left, Top + Height + 16, least.ToString("P0", CultureInfo.InvariantCulture), "middle");
        Text(svg, Left + Width, Top + Height + 16, "100 %", "middle");
        for (int i = 0; i < results.Count; i++)
        {
            double x = Left + (Width * (results[i].MassAtTurns - least) / Math.Max(1e-9, 1 - least));
            double y = Y(results[i].MeanFirstToken / most);
            svg.Append($"<circle cx=\"{N(x)}\" cy=\"{N(y)}\" r=\"5\" fill=\"{_colours[i % _colours.Length]}\"/>");
            bool right = x > Left + (Width / 2);
            Text(svg, x + (right ? -8 : 8), y - 6, results[i].Policy, right ? "end" : "start");
        }

        return svg.Append("</svg>").ToString();
    }

    private static StringBuilder Open(string label) => new StringBuilder()
        .Append($"<svg role=\"img\" aria-label=\"{label}\" width=\"{N(Left + Width + 40)}\" height=\"{N(Top + Height + 30)}\">")
        .Append($"<path d=\"M{N(Left)} {N(Top)}V{N(Top + Height)}H{N(Left + Width)}\" fill=\"none\" stroke=\"#333\"/>");

    private static void Text(StringBuilder svg, double x, double y, string text, string anchor) =>
        svg.Append($"<text x=\"{N(x)}\" y=\"{N(y)}\" text-anchor=\"{anchor}\">{text}</text>");

    private static double X(int round, int rounds) => Left + (Width * round / Math.Max(1, rounds - 1));

    private static double Y(double share) => Top + (Height * (1 - share));

    private static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
