using System.Text;

namespace KVCluster.Evaluation.Reports;

/// <summary>
/// Builds one SVG picture, inline or a file of its own. Colours of text and lines come from the page's style, or the file's, so light and
/// dark themes suit.
/// </summary>
internal sealed class SvgCanvas
{
    /// <summary>Classes of a file: t text, g grid, m mark, l line; a to d four colours of lines, fa to fd of areas and text.</summary>
    private const string FileStyle =
        ".t{fill:#333}.g{stroke:#8884;stroke-width:1}.m{stroke:#8888;stroke-width:1;stroke-dasharray:4}.l{fill:none;stroke-width:2}"
        + ".a{stroke:#1769aa}.b{stroke:#c2571a}.c{stroke:#2e7d4f}.d{stroke:#7b4aa0}"
        + ".fa{fill:#1769aa}.fb{fill:#c2571a}.fc{fill:#2e7d4f}.fd{fill:#7b4aa0}"
        + "@media(prefers-color-scheme:dark){.t{fill:#ddd}.a{stroke:#62b0ee}.b{stroke:#f0925a}.c{stroke:#6cc08f}.d{stroke:#b88be0}"
        + ".fa{fill:#62b0ee}.fb{fill:#f0925a}.fc{fill:#6cc08f}.fd{fill:#b88be0}}";

    private readonly StringBuilder _text = new();

    /// <summary>An empty picture in its own units; <paramref name="label"/> tells those who cannot see it what it shows.</summary>
    public SvgCanvas(double width, double height, string label)
    {
        _text.Append($"<svg viewBox=\"0 0 {N(width)} {N(height)}\" width=\"{N(width)}\" ");
        _text.Append($"role=\"img\" aria-label=\"{Markup.Escape(label)}\">\n");
    }

    private SvgCanvas(string opening) => _text.Append(opening);

    /// <summary>An empty picture that is a file of its own.</summary>
    public static SvgCanvas File(double width, double height, string label) => new(
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {N(width)} {N(height)}\" role=\"img\" aria-label=\"{Markup.Escape(label)}\" "
        + $"font-family=\"system-ui,sans-serif\" font-size=\"13\">\n<style>{FileStyle}</style>\n");

    public void Line(double x1, double y1, double x2, double y2, string style) =>
        _text.Append($"<line class=\"{style}\" x1=\"{N(x1)}\" y1=\"{N(y1)}\" x2=\"{N(x2)}\" y2=\"{N(y2)}\"/>\n");

    /// <summary>Text; <paramref name="anchor"/> is "start", "middle" or "end" of it.</summary>
    public void Text(double x, double y, string text, string anchor = "start", string style = "label", bool bold = false)
    {
        string weight = bold ? " font-weight=\"600\"" : "";
        _text.Append($"<text class=\"{style}\" x=\"{N(x)}\" y=\"{N(y)}\" text-anchor=\"{anchor}\"{weight}>{Markup.Escape(text)}</text>\n");
    }

    /// <summary>A line through points.</summary>
    public void Path(IEnumerable<(double X, double Y)> points, string style) => _text.Append(
        $"<polyline class=\"{style}\" points=\"{string.Join(' ', points.Select(p => $"{N(p.X)},{N(p.Y)}"))}\"/>\n");

    public void Dot(double x, double y, double radius, string style) =>
        _text.Append($"<circle class=\"{style}\" cx=\"{N(x)}\" cy=\"{N(y)}\" r=\"{N(radius)}\"/>\n");

    /// <summary>A filled box in a colour of the style.</summary>
    public void Bar(double x, double y, double width, double height, string style) =>
        _text.Append($"<rect class=\"{style}\" x=\"{N(x)}\" y=\"{N(y)}\" width=\"{N(width)}\" height=\"{N(height)}\"/>\n");

    /// <summary>Text read from bottom to top, its middle at the point.</summary>
    public void UpwardText(double x, double y, string text) => _text.Append(
        $"<text class=\"label\" text-anchor=\"middle\" transform=\"translate({N(x)} {N(y)}) rotate(-90)\">{Markup.Escape(text)}</text>\n");

    /// <summary>A filled box that says something when pointed at.</summary>
    public void Box(double x, double y, double width, double height, string fill, string? title = null, double opacity = 1)
    {
        string see = opacity < 1 ? $" fill-opacity=\"{N(opacity)}\"" : "";
        _text.Append($"<rect x=\"{N(x)}\" y=\"{N(y)}\" width=\"{N(width)}\" height=\"{N(height)}\" fill=\"{fill}\"{see}>");
        AppendTitle(title);
        _text.Append("</rect>\n");
    }

    /// <summary>A series: a line through the points and a mark at each, which says something when pointed at.</summary>
    public void Series(IReadOnlyList<(double X, double Y, string Title)> points, SeriesStyle style)
    {
        string path = string.Join(' ', points.Select(p => $"{N(p.X)},{N(p.Y)}"));
        _text.Append($"<polyline points=\"{path}\" fill=\"none\" stroke=\"{style.Colour}\" stroke-width=\"2\"{style.DashAttribute}/>\n");
        foreach ((double x, double y, string title) in points)
        {
            _text.Append($"<circle cx=\"{N(x)}\" cy=\"{N(y)}\" r=\"3.5\" fill=\"{style.Colour}\">");
            AppendTitle(title);
            _text.Append("</circle>\n");
        }
    }

    /// <summary>The finished element.</summary>
    public string Close() => _text.Append("</svg>\n").ToString();

    private static string N(double value) => Markup.Coordinate(value);

    private void AppendTitle(string? title)
    {
        if (title is not null)
        {
            _text.Append($"<title>{Markup.Escape(title)}</title>");
        }
    }
}
