using System.Text;
using KVCluster.Evaluation.Running;
using KVCluster.Evaluation.Summary;

namespace KVCluster.Evaluation.Reports;

/// <summary>
/// One page with all tables and pictures in it: no script, no font, no request to anywhere. It follows the reader's theme.
/// </summary>
public static class HtmlReport
{
    private const string Style = """
        :root { color-scheme: light dark; --back: #ffffff; --ink: #1c2128; --soft: #59636e; --rule: #d1d9e0; --empty: #eef1f4;
          --heat: #1f6feb; }
        @media (prefers-color-scheme: dark) {
          :root { --back: #11151a; --ink: #e6ebf0; --soft: #9aa6b2; --rule: #343d47; --empty: #1d242c; --heat: #58a6ff; }
        }
        body { background: var(--back); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1080px;
          padding: 0 1rem; }
        h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
        h3 { font-size: 1rem; margin-bottom: .3rem; }
        p, dd { color: var(--soft); max-width: 75ch; } code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; } dd { margin: 0; }
        .scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6rem 0; }
        th, td { border-bottom: 1px solid var(--rule); padding: .25rem .7rem; text-align: right; white-space: nowrap; font-weight: normal; }
        th:first-child { text-align: left; } thead th { color: var(--soft); border-bottom-width: 2px; }
        svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
        svg .note { fill: var(--soft); font-size: 11px; }
        .axis { stroke: var(--soft); } .grid { stroke: var(--rule); stroke-width: .6; }
        .limit { stroke: var(--soft); stroke-dasharray: 3 4; }
        .maps { display: flex; flex-wrap: wrap; gap: 1rem 1.6rem; align-items: flex-start; }
        """;

    private const string Explanation = """
        <p>Accuracy is the mean over tasks. AUC: area under accuracy over the ratio removed, and over the bytes really saved, each divided
        by its width. Saved within 10 % (20 %): the largest share of bytes saved before accuracy first falls more than that below the
        whole cache's, interpolated between the measured points. Seconds: to score, plan and free, median over samples.</p>

        """;

    /// <summary>The whole page.</summary>
    public static string Write(EvaluationReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        EvaluationSummary summary = report.Summary;
        var page = new StringBuilder();
        page.Append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        page.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        page.Append($"<title>Compression policies on {Markup.Escape(report.Model)}</title>\n<style>\n{Style}\n</style>\n</head>\n<body>\n");
        AppendHead(page, report);
        foreach (LengthSummary length in summary.Lengths)
        {
            AppendLength(page, length, of: summary.Lengths.Count);
        }

        AppendTimes(page, summary);
        AppendMaps(page, summary);
        page.Append("<h2>Every task</h2>\n<p>Mean score of each task and length.</p>\n");
        AppendTable(page, ReportTables.Tasks(summary));
        return page.Append("</body>\n</html>\n").ToString();
    }

    private static void AppendHead(StringBuilder page, EvaluationReport report)
    {
        string protocol = report.Summary.Protocol == EvaluationProtocol.KvPress
            ? "kvpress: the context is compressed before the question is known; positions go on from the true length; "
                + "each question is asked alone"
            : "multi-turn: all questions of a sample one after the other in one conversation on one cache, compressed before "
                + "the first is known";
        page.Append($"<h1>Compression policies on {Markup.Escape(report.Model)}</h1>\n<dl>\n");
        (string, string)[] facts =
        [
            ("protocol", protocol),
            ("samples", $"{report.Summary.Samples}, answered greedily; score: the fraction of expected strings found (RULER's)"),
            ("cache", $"{report.Kv} keys and values in pages of {report.PageTokens} tokens; bytes are those of pages really held"),
            ("model", report.Fingerprint),
        ];
        foreach ((string name, string value) in facts)
        {
            page.Append($"<dt>{name}</dt><dd>{Markup.Escape(value)}</dd>\n");
        }

        page.Append($"<dt>command</dt><dd><code>{Markup.Escape(report.Command)}</code></dd>\n</dl>\n");
    }

    private static void AppendLength(StringBuilder page, LengthSummary summary, int of)
    {
        string title = summary.Length is { } length ? $"{length} tokens" : of > 1 ? "All lengths" : "Accuracy";
        page.Append($"<h2>{title}</h2>\n");
        if (summary.Curves.Count == 0)
        {
            page.Append($"<p>Whole cache only: accuracy {Markup.Accuracy(summary.WholeAccuracy)}.</p>\n");
            return;
        }

        page.Append(AccuracyChart.Draw(summary));
        page.Append(summary.Length is null ? Explanation : "");
        AppendTable(page, ReportTables.Policies(summary));
        page.Append("<p>Bytes really held at each ratio (left), and accuracy at equal bytes, interpolated (right).</p>\n");
        AppendTable(page, ReportTables.Bytes(summary));
    }

    private static void AppendTimes(StringBuilder page, EvaluationSummary summary)
    {
        if (summary.Lengths[0].Curves.Count > 0)
        {
            page.Append("<h2>Time to compress</h2>\n").Append(TimeChart.Draw(summary.Lengths[0]));
        }
    }

    private static void AppendMaps(StringBuilder page, EvaluationSummary summary)
    {
        if (summary.Maps.Count == 0)
        {
            return;
        }

        page.Append("<h2>Tokens kept per layer and head</h2>\n").Append(HeatMap.Legend());
        foreach (IGrouping<string, RetentionMap> policy in summary.Maps.GroupBy(m => m.Policy))
        {
            page.Append($"<h3>{Markup.Escape(policy.Key)}</h3>\n<div class=\"maps\">\n");
            foreach (RetentionMap map in policy.OrderBy(m => m.Ratio))
            {
                page.Append(HeatMap.Draw(map));
            }

            page.Append("</div>\n");
        }
    }

    private static void AppendTable(StringBuilder page, (IReadOnlyList<string> Head, IReadOnlyList<IReadOnlyList<string>> Rows) table) =>
        page.Append(HtmlTable.Of(table.Head, table.Rows));
}
