using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using KVCluster.Evaluation.Reports;
using KVCluster.Evaluation.Running;
using KVCluster.Evaluation.Summary;

namespace KVCluster.Evaluation.Tests.Reports;

public sealed class HtmlReportTests
{
    private const string Odd = "p:<&\"'>=1";

    private static readonly EvaluationReport s_report = new("model <x>", "fingerprint", "bf16", 32, "kvcluster evaluate --tasks 'a & b'", EvaluationSummary.Of(
    [
        Outcomes.Make("none", 0, 1),
        Outcomes.Make("none", 0, 1, sample: "v", length: 128),
        .. new[] { Odd, "q" }.SelectMany(p => new[] { 0.25, 0.5 }.SelectMany(r => new[]
        {
            Outcomes.Make(p, r, 1 - r, (long)(100 * (1 - r)), kept: [1, 2, 3, 4]),
            Outcomes.Make(p, r, 1 - r, (long)(100 * (1 - r)), sample: "v", length: 128, kept: [4, 3, 2, 1]),
        })),
    ]));

    private static readonly string s_page = HtmlReport.Write(s_report);

    [Fact]
    public void The_page_asks_for_nothing_from_anywhere()
    {
        Assert.DoesNotMatch(new Regex("""(src|href)\s*=|url\(|@import|<script|<link|https?://""", RegexOptions.IgnoreCase), s_page);
        Assert.Contains("prefers-color-scheme: dark", s_page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_is_well_formed_and_texts_stay_texts()
    {
        string body = s_page[s_page.IndexOf("<body>", StringComparison.Ordinal)..(s_page.IndexOf("</body>", StringComparison.Ordinal) + 7)];
        XElement root = XElement.Parse(body);
        Assert.Contains(root.Descendants("h3"), h => h.Value == Odd);
        Assert.Contains(root.Descendants("h1"), h => h.Value.Contains("model <x>", StringComparison.Ordinal));
        Assert.Contains(root.Descendants("code"), c => c.Value == s_report.Command);
    }

    [Fact]
    public void Every_picture_is_there()
    {
        XElement[] pictures = [.. Pictures()];
        Assert.Equal(3, pictures.Count(p => Label(p).StartsWith("Accuracy against bytes held", StringComparison.Ordinal)));
        Assert.Equal(1, pictures.Count(p => Label(p).StartsWith("Seconds to compress", StringComparison.Ordinal)));
        Assert.Equal(4, pictures.Count(p => Label(p).StartsWith("Tokens kept per layer and KV head", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_curve_has_a_mark_for_every_point_where_it_belongs()
    {
        XElement chart = Pictures().First();
        (double X, double Y, string Title)[] marks = [.. chart.Descendants("circle")
            .Select(c => ((double)c.Attribute("cx")!, (double)c.Attribute("cy")!, c.Value))
            .Where(m => m.Value.StartsWith("q, ratio", StringComparison.Ordinal))];
        Assert.Equal(3, marks.Length);

        // Half of the bytes and half of the accuracy lie in the middle of the whole cache's point and the origin.
        (double wholeX, double wholeY, _) = marks.Single(m => m.Title.Contains("ratio 0:", StringComparison.Ordinal));
        (double halfX, double halfY, _) = marks.Single(m => m.Title.Contains("ratio 0.5:", StringComparison.Ordinal));
        (double left, double bottom) = (64, 336);
        Assert.Equal((wholeX + left) / 2, halfX, 1);
        Assert.Equal((wholeY + bottom) / 2, halfY, 1);
    }

    [Fact]
    public void A_heat_map_is_as_strong_as_its_share()
    {
        XElement map = Pictures().First(p => Label(p).StartsWith("Tokens kept", StringComparison.Ordinal));
        double[] strengths = [.. map.Descendants("rect").Where(r => r.Value.Length > 0).Select(r => (double)r.Attribute("fill-opacity")!)];
        Assert.Equal([0.25, 0.25, 0.25, 0.25], strengths);
    }

    [Fact]
    public void The_tables_say_what_the_summary_does()
    {
        (IReadOnlyList<string> head, IReadOnlyList<IReadOnlyList<string>> rows) = ReportTables.Policies(s_report.Summary.Lengths[0]);
        Assert.Equal(["policy", "whole", "0.25", "0.5", "AUC", "AUC (bytes)", "saved within 10 %", "within 20 %", "seconds"], head);
        Assert.Equal([Odd, "1.000", "0.750", "0.500", "0.750", "0.750", "10.0 %", "20.0 %", "875 ms"], rows[0]);
        Assert.All(rows, r => Assert.Equal(head.Count, r.Count));
        (head, rows) = ReportTables.Bytes(s_report.Summary.Lengths[0]);
        Assert.Equal([Odd, "75.0 %", "50.0 %", "0.500", "not reached", "not reached"], rows[0]);
        (head, rows) = ReportTables.Tasks(s_report.Summary);
        Assert.Equal(["policy", "ratio", "t 64", "t 128"], head);
        Assert.Equal(["whole cache", "0", "1.000", "1.000"], rows[0]);
    }

    [Fact]
    public void A_run_without_policies_is_a_page_too()
    {
        EvaluationReport whole = s_report with { Summary = EvaluationSummary.Of([Outcomes.Make("none", 0, 1)]) };
        Assert.Contains("Whole cache only", HtmlReport.Write(whole), StringComparison.Ordinal);
    }

    [Fact]
    public void The_JSON_holds_the_summary()
    {
        using JsonDocument json = JsonDocument.Parse(SummaryJson.Write(s_report));
        JsonElement summary = json.RootElement.GetProperty("summary");
        Assert.Equal(nameof(EvaluationProtocol.KvPress), summary.GetProperty("protocol").GetString());
        Assert.Equal(0.1, summary.GetProperty("lengths")[0].GetProperty("curves")[0].GetProperty("savingWithin10").GetDouble(), 12);
        Assert.Equal(4, summary.GetProperty("maps").GetArrayLength());
    }

    private static string Label(XElement picture) => picture.Attribute("aria-label")!.Value;

    private static IEnumerable<XElement> Pictures() =>
        Regex.Matches(s_page, "<svg.*?</svg>", RegexOptions.Singleline).Select(m => XElement.Parse(m.Value));
}
