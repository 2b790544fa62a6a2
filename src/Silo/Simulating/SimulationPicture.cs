using System.Globalization;
using System.Text;
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

    private const string Style =
        ".t{fill:#333}.g{stroke:#8884;stroke-width:1}.m{stroke:#8888;stroke-width:1;stroke-dasharray:4}.l{fill:none;stroke-width:2}"
        + ".a{stroke:#1769aa}.b{stroke:#c2571a}.c{stroke:#2e7d4f}.d{stroke:#7b4aa0}"
        + ".fa{fill:#1769aa}.fb{fill:#c2571a}.fc{fill:#2e7d4f}.fd{fill:#7b4aa0}"
        + "@media(prefers-color-scheme:dark){.t{fill:#ddd}.a{stroke:#62b0ee}.b{stroke:#f0925a}.c{stroke:#6cc08f}.d{stroke:#b88be0}"
        + ".fa{fill:#62b0ee}.fb{fill:#f0925a}.fc{fill:#6cc08f}.fd{fill:#b88be0}}";

    /// <summary>The file's text.</summary>
    public static string Svg(SimulationTimeline timeline)
    {
        Scenario scenario = timeline.Scenario;
        StringBuilder svg = new();
        string title = $"{scenario.Name}: {scenario.Nodes.Count} nodes, {scenario.Arrivals.Sum(group => group.Sessions)} sessions";
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {N(First + (4 * Step) - 20)}\" role=\"img\" ")
            .Append(CultureInfo.InvariantCulture, $"aria-label=\"{Escaped(title)}, over simulated time\" font-family=\"system-ui,sans-serif\" font-size=\"13\">\n")
            .Append(CultureInfo.InvariantCulture, $"<style>{Style}</style>\n");
        Text(svg, Left, 24, title, "start", "t", bold: true);
        Bytes(svg, timeline);
        Mass(svg, timeline);
        FirstTokens(svg, timeline);
        Moves(svg, timeline);
        return svg.Append("</svg>\n").ToString();
    }

    private static void Bytes(StringBuilder svg, SimulationTimeline timeline)
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

    private static void Mass(StringBuilder svg, SimulationTimeline timeline)
    {
        Frame(svg, timeline, 1, "attention mass kept at the end of turns, mean", 1, "100 %");
        Line(svg, timeline, 1, timeline.Mass, 1, 0);
    }

    private static void FirstTokens(StringBuilder svg, SimulationTimeline timeline)
    {
        IReadOnlyList<double?> half = timeline.FirstToken(0.5);
        IReadOnlyList<double?> most = timeline.FirstToken(0.95);
        double scale = Math.Max(0.1, most.Max() ?? 0);
        Frame(svg, timeline, 2, "seconds to the first token", scale, $"{N(scale)} s");
        Line(svg, timeline, 2, most, scale, 1);
        Line(svg, timeline, 2, half, scale, 0);
        Legend(svg, 2, ["median", "95 of 100"]);
    }

    private static void Moves(StringBuilder svg, SimulationTimeline timeline)
    {
        long most = Math.Max(1, timeline.Moves.Max());
        Frame(svg, timeline, 3, $"sessions moved to other nodes, {timeline.Moves.Sum()} in all", most, N(most));
        double width = Width / timeline.Moves.Count;
        for (int part = 0; part < timeline.Moves.Count; part++)
        {
            if (timeline.Moves[part] > 0)
            {
                double height = Height * timeline.Moves[part] / most;
                svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"fa\" x=\"{N(Left + (part * width))}\" y=\"{N(Top(3) + Height - height)}\" ")
                    .Append(CultureInfo.InvariantCulture, $"width=\"{N(Math.Max(1, width - 1))}\" height=\"{N(height)}\"/>\n");
            }
        }
    }

    private static void Frame(StringBuilder svg, SimulationTimeline timeline, int chart, string title, double most, string top)
    {
        Text(svg, Left, Top(chart) - 10, title, "start", "t");
        Text(svg, Left - 8, Top(chart) + 4, top, "end", "t");
        Text(svg, Left - 8, Top(chart) + Height + 4, "0", "end", "t");
        Text(svg, Left, Top(chart) + Height + 18, "0 s", "middle", "t");
        Text(svg, Left + Width, Top(chart) + Height + 18, $"{N(timeline.Scenario.Seconds)} s", "middle", "t");
        foreach (double share in (double[])[0, 0.5, 1])
        {
            double y = Y(chart, share * most, most);
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"g\" x1=\"{N(Left)}\" y1=\"{N(y)}\" x2=\"{N(Left + Width)}\" y2=\"{N(y)}\"/>\n");
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

    private static void Mark(StringBuilder svg, SimulationTimeline timeline, int chart, double seconds, string text)
    {
        double x = X(timeline, seconds);
        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"m\" x1=\"{N(x)}\" y1=\"{N(Top(chart))}\" x2=\"{N(x)}\" y2=\"{N(Top(chart) + Height)}\"/>\n");
        Text(svg, x + 3, Top(chart) + 12, text, "start", "t");
    }

    private static void Rule(StringBuilder svg, int chart, double share)
    {
        double y = Y(chart, share, 1);
        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"m\" x1=\"{N(Left)}\" y1=\"{N(y)}\" x2=\"{N(Left + Width)}\" y2=\"{N(y)}\"/>\n");
        Text(svg, Left + Width + 4, y + 4, $"{N(100 * share)} %", "start", "t");
    }

    /// <summary>A line that is broken where nothing is known.</summary>
    private static void Line(StringBuilder svg, SimulationTimeline timeline, int chart, IReadOnlyList<double?> values, double most, int colour)
    {
        List<string> points = [];
        for (int part = 0; part <= values.Count; part++)
        {
            if (part < values.Count && values[part] is { } value)
            {
                points.Add($"{N(X(timeline, timeline.SecondsOf(part)))},{N(Y(chart, value, most))}");
                continue;
            }

            if (points.Count > 0)
            {
                // One point alone is a short line.
                points.Add(points.Count == 1 ? $"{N(X(timeline, timeline.SecondsOf(part - 1)) + 2)},{points[0].Split(',')[1]}" : points[^1]);
                svg.Append(CultureInfo.InvariantCulture, $"<polyline class=\"l {Class(colour)}\" points=\"{string.Join(' ', points)}\"/>\n");
                points.Clear();
            }
        }
    }

    private static void Legend(StringBuilder svg, int chart, IReadOnlyList<string> names)
    {
        double x = Left + Width;
        for (int i = names.Count - 1; i >= 0; i--)
        {
            Text(svg, x, Top(chart) - 10, names[i], "end", $"f{Class(i)}");
            x -= 12 + (8 * names[i].Length);
        }
    }

    private static void Text(StringBuilder svg, double x, double y, string text, string anchor, string colour, bool bold = false) => svg.Append(
        CultureInfo.InvariantCulture,
        $"<text class=\"{colour}\" x=\"{N(x)}\" y=\"{N(y)}\" text-anchor=\"{anchor}\"{(bold ? " font-weight=\"600\"" : "")}>{Escaped(text)}</text>\n");

    private static char Class(int colour) => (char)('a' + (colour % Classes));

    private static double Top(int chart) => First + (chart * Step);

    private static double X(SimulationTimeline timeline, double seconds) => Left + (Width * seconds / timeline.Scenario.Seconds);

    private static double Y(int chart, double value, double most) => Top(chart) + (Height * (1 - Math.Clamp(value / most, 0, 1)));

    private static string Escaped(string text) => System.Security.SecurityElement.Escape(text);

    private static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
