using System.Globalization;
using KVCluster.Evaluation.Reports;

namespace KVCluster.Benchmarks.AllocatorSimulation;

/// <summary>The results as one SVG file with two charts: how the allocator settles, and what each policy comes to.</summary>
internal static class SimulationPlot
{
    private const double Left = 70;
    private const double Width = 590;
    private const double Height = 180;
    private const double First = 60;
    private const double Second = 320;

    public static string Svg(SimulationSettings settings, IReadOnlyList<SimulationResult> results)
    {
        string title = $"{N(settings.Nodes)} nodes x {N(settings.SessionsPerNode)} sessions, memory for {settings.MemoryShare:P0} of all bytes";
        var svg = SvgCanvas.File(
            720, Second + Height + 50, $"{title}: the shortage by round, and first-token time against attention kept for each policy");
        svg.Text(Left, 24, title, "start", "t", bold: true);
        Shortage(svg, settings, results[0]);
        Comparison(svg, results);
        return svg.Close();
    }

    private static void Shortage(SvgCanvas svg, SimulationSettings settings, SimulationResult result)
    {
        double most = Math.Max(0.01, result.Short.Max());
        svg.Text(Left, First - 12, $"bytes that nodes are short of, by round of {N(settings.RoundSeconds)} s, with the allocator", "start", "t");
        Grid(svg, First, share => (share * most).ToString("P1", CultureInfo.InvariantCulture));
        double X(double round) => Left + (Width * round / Math.Max(1, result.Short.Count - 1));
        double shift = X(settings.ShiftRound);
        svg.Line(shift, First, shift, First + Height, "m");
        svg.Text(shift + 5, First + 14, "other nodes become hot", "start", "t");
        svg.Path(result.Short.Select((s, i) => (X(i), First + (Height * (1 - (s / most))))), "l a");
        svg.Text(Left, First + Height + 20, "1", "middle", "t");
        svg.Text(Left + Width, First + Height + 20, N(result.Short.Count), "middle", "t");
    }

    private static void Comparison(SvgCanvas svg, IReadOnlyList<SimulationResult> results)
    {
        double most = Math.Ceiling(results.Max(r => r.MeanFirstToken) * 2.2) / 2;
        double least = Math.Floor((results.Min(r => r.MassAtTurns) - 0.001) * 20) / 20;
        svg.Text(Left, Second - 12, "mean seconds to the first token against attention mass at the turn", "start", "t");
        Grid(svg, Second, share => $"{N(share * most)} s");
        svg.Text(Left, Second + Height + 20, least.ToString("P0", CultureInfo.InvariantCulture), "middle", "t");
        svg.Text(Left + Width, Second + Height + 20, "100 %", "middle", "t");
        for (int i = 0; i < results.Count; i++)
        {
            double x = Left + (Width * (results[i].MassAtTurns - least) / Math.Max(1e-9, 1 - least));
            double y = Second + (Height * (1 - (results[i].MeanFirstToken / most)));
            svg.Dot(x, y, 6, $"f{(char)('a' + (i % 4))}");
            bool right = x > Left + (Width / 2);
            svg.Text(x + (right ? -12 : 12), y + 4, results[i].Policy, right ? "end" : "start", "t");
        }
    }

    private static void Grid(SvgCanvas svg, double top, Func<double, string> label)
    {
        foreach (double share in (double[])[0, 0.5, 1])
        {
            double y = top + (Height * (1 - share));
            svg.Line(Left, y, Left + Width, y, "g");
            svg.Text(Left - 8, y + 4, label(share), "end", "t");
        }
    }

    private static string N(double value) => Markup.Coordinate(value);
}
