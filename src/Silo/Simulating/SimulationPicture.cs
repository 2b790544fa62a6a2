using KVCluster.Evaluation.Reports;
using KVCluster.Evaluation.Scenarios;

namespace KVCluster.Silo.Simulating;

/// <summary>A simulation as one SVG file of four charts over simulated time; it needs nothing else and suits light and dark pages.</summary>
internal static class SimulationPicture
{
    private const double Left = 70;
    private const double Width = 590;
    private const double Height = 120;
    private const double First = 60;
    private const double Step = 190;
    private const int Classes = 4;

    /// <summary>The file's text.</summary>
    public static string Svg(SimulationTimeline timeline)
    {
        Scenario scenario = timeline.Scenario;
        string title = $"{scenario.Name}: {scenario.Nodes.Count} nodes, {scenario.Arrivals.Sum(group => group.Sessions)} sessions";
        var svg = SvgCanvas.File(720, First + (4 * Step) - 20, $"{title}, over simulated time");
        svg.Text(Left, 24, title, "start", "t", bold: true);
        Bytes(svg, timeline);
        Mass(svg, timeline);
        FirstTokens(svg, timeline);
        Moves(svg, timeline);
        return svg.Close();
    }

    private static void Bytes(SvgCanvas svg, SimulationTimeline timeline)
    {
        Scenario scenario = timeline.Scenario;
        Frame(svg, timeline, 0, "share of each node's bytes held, and the watermarks", 1, "100 %");
        if (!scenario.Pressure.LeastRecentlyUsed)
        {
            Rule(svg, 0, scenario.Pressure.HighWatermark);
            Rule(svg, 0, scenario.Pressure.LowWatermark);
        }

        for (int node = 0; node < scenario.Nodes.Count; node++)
        {
            Line(svg, timeline, 0, timeline.Used(node), 1, node);
        }

        Legend(svg, 0, [.. scenario.Nodes.Select(node => node.Name).Take(Classes)]);
    }

    private static void Mass(SvgCanvas svg, SimulationTimeline timeline)
    {
        Frame(svg, timeline, 1, "attention mass kept at the end of turns, mean", 1, "100 %");
        Line(svg, timeline, 1, timeline.Mass, 1, 0);
    }

    private static void FirstTokens(SvgCanvas svg, SimulationTimeline timeline)
    {
        IReadOnlyList<double?> half = timeline.FirstToken(0.5);
        IReadOnlyList<double?> most = timeline.FirstToken(0.95);
        double scale = Math.Max(0.1, most.Max() ?? 0);
        Frame(svg, timeline, 2, "seconds to the first token", scale, $"{N(scale)} s");
        Line(svg, timeline, 2, most, scale, 1);
        Line(svg, timeline, 2, half, scale, 0);
        Legend(svg, 2, ["median", "95 of 100"]);
    }

    private static void Moves(SvgCanvas svg, SimulationTimeline timeline)
    {
        long most = Math.Max(1, timeline.Moves.Max());
        Frame(svg, timeline, 3, $"sessions moved to other nodes, {timeline.Moves.Sum()} in all", most, N(most));
        double width = Width / timeline.Moves.Count;
        for (int part = 0; part < timeline.Moves.Count; part++)
        {
            if (timeline.Moves[part] > 0)
            {
                double height = Height * timeline.Moves[part] / most;
                svg.Bar(Left + (part * width), Top(3) + Height - height, Math.Max(1, width - 1), height, "fa");
            }
        }
    }

    private static void Frame(SvgCanvas svg, SimulationTimeline timeline, int chart, string title, double most, string top)
    {
        svg.Text(Left, Top(chart) - 10, title, "start", "t");
        svg.Text(Left - 8, Top(chart) + 4, top, "end", "t");
        svg.Text(Left - 8, Top(chart) + Height + 4, "0", "end", "t");
        svg.Text(Left, Top(chart) + Height + 18, "0 s", "middle", "t");
        svg.Text(Left + Width, Top(chart) + Height + 18, $"{N(timeline.Scenario.Seconds)} s", "middle", "t");
        foreach (double share in (double[])[0, 0.5, 1])
        {
            double y = Y(chart, share * most, most);
            svg.Line(Left, y, Left + Width, y, "g");
        }

        foreach (ScenarioLoss loss in timeline.Scenario.Losses)
        {
            string name = loss.Node ?? "allocator";
            Mark(svg, timeline, chart, loss.AtSeconds, $"{name} lost");
            if (loss.BackSeconds is { } back && back < timeline.Scenario.Seconds)
            {
                Mark(svg, timeline, chart, back, $"{name} back");
            }
        }
    }

    private static void Mark(SvgCanvas svg, SimulationTimeline timeline, int chart, double seconds, string text)
    {
        double x = X(timeline, seconds);
        svg.Line(x, Top(chart), x, Top(chart) + Height, "m");
        svg.Text(x + 3, Top(chart) + 12, text, "start", "t");
    }

    private static void Rule(SvgCanvas svg, int chart, double share)
    {
        double y = Y(chart, share, 1);
        svg.Line(Left, y, Left + Width, y, "m");
        svg.Text(Left + Width + 4, y + 4, $"{N(100 * share)} %", "start", "t");
    }

    /// <summary>A line that is broken where nothing is known.</summary>
    private static void Line(SvgCanvas svg, SimulationTimeline timeline, int chart, IReadOnlyList<double?> values, double most, int colour)
    {
        List<(double X, double Y)> points = [];
        for (int part = 0; part <= values.Count; part++)
        {
            if (part < values.Count && values[part] is { } value)
            {
                points.Add((X(timeline, timeline.SecondsOf(part)), Y(chart, value, most)));
                continue;
            }

            if (points.Count > 0)
            {
                // One point alone is a short line.
                points.Add(points.Count == 1 ? (points[0].X + 2, points[0].Y) : points[^1]);
                svg.Path(points, $"l {Class(colour)}");
                points.Clear();
            }
        }
    }

    private static void Legend(SvgCanvas svg, int chart, IReadOnlyList<string> names)
    {
        double x = Left + Width;
        for (int i = names.Count - 1; i >= 0; i--)
        {
            svg.Text(x, Top(chart) - 10, names[i], "end", $"f{Class(i)}");
            x -= 12 + (8 * names[i].Length);
        }
    }

    private static char Class(int colour) => (char)('a' + (colour % Classes));

    private static double Top(int chart) => First + (chart * Step);

    private static double X(SimulationTimeline timeline, double seconds) => Left + (Width * seconds / timeline.Scenario.Seconds);

    private static double Y(int chart, double value, double most) => Top(chart) + (Height * (1 - Math.Clamp(value / most, 0, 1)));

    private static string N(double value) => Markup.Coordinate(value);
}
