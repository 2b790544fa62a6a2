using System.Text.Json;
using System.Text.RegularExpressions;
using KVCluster.Dashboard.Tests.Support;
using KVCluster.TestSupport;

namespace KVCluster.Dashboard.Tests.Telemetry;

/// <summary>dashboards/: only names that the program exports, rules that Prometheus accepts, a runbook for each alert.</summary>
public sealed partial class DashboardFilesTests
{
    private static readonly string Folder = Path.Combine(TestPaths.Repository, "dashboards");
    private static readonly string[] Suffixes = ["", "_total", "_bucket", "_sum", "_count"];

    [Fact]
    public async Task Rules_and_panels_use_only_names_of_a_live_scrape()
    {
        var server = new DashboardServer();
        await server.StartAsync();
        try
        {
            await server.ConverseAsync("scraped", lines: 12);
            await server.SendAsync(HttpMethod.Post, "/v1/sessions/scraped/demote");
            await server.SendAsync(HttpMethod.Post, "/v1/sessions/scraped/messages", """{"message":"And?","sampling":{"max_tokens":5}}""");
            (await server.AskAsync(HttpMethod.Get, "/v1/sessions/none")).Dispose();
            Scrape scrape = await Scrape.OfAsync(server.Http);
            HashSet<string> names = [.. scrape.Families.Keys.SelectMany(f => Suffixes.Select(s => f + s)).Where(n => scrape.Samples.Exists(s => s.Name == n)), .. Rare()];

            string[] files = [.. Directory.GetFiles(Folder, "*.json"), .. Directory.GetFiles(Folder, "*.yml")];
            Assert.NotEmpty(files);
            foreach (string file in files)
            {
                string[] used = [.. MetricName().Matches(File.ReadAllText(file)).Select(m => m.Value).Distinct()];
                Assert.NotEmpty(used);
                Assert.Empty(used.Except(names).Select(n => $"{Path.GetFileName(file)}: {n}"));
            }
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public void Every_alert_links_a_section_of_the_runbook_and_every_section_has_an_alert()
    {
        string rules = File.ReadAllText(Path.Combine(Folder, "alerts.yml"));
        string runbook = File.ReadAllText(Path.Combine(TestPaths.Repository, "docs", "operations", "alerts.md"));
        string[] alerts = [.. AlertName().Matches(rules).Select(m => m.Groups[1].Value)];
        string[] sections = [.. Section().Matches(runbook).Select(m => m.Groups[1].Value)];

        Assert.True(alerts.Length >= 10);
        Assert.Equal(alerts.Order(StringComparer.Ordinal), sections.Order(StringComparer.Ordinal));
        Assert.All(alerts, alert => Assert.Contains($"docs/operations/alerts.md#{alert.ToLowerInvariant()}", rules, StringComparison.Ordinal));
    }

    [Fact]
    public void The_grafana_dashboard_is_json_whose_panels_have_titles_units_and_queries()
    {
        using JsonDocument dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "grafana.json")));
        JsonElement[] panels = [.. dashboard.RootElement.GetProperty("panels").EnumerateArray().Where(p => p.GetProperty("type").GetString() != "row")];

        Assert.True(panels.Length >= 15);
        Assert.All(panels, p =>
        {
            Assert.NotEqual("", p.GetProperty("title").GetString());
            Assert.NotEqual("", p.GetProperty("description").GetString());
            Assert.NotEqual("", p.GetProperty("fieldConfig").GetProperty("defaults").GetProperty("unit").GetString());
            Assert.All(p.GetProperty("targets").EnumerateArray(), t => Assert.NotEqual("", t.GetProperty("expr").GetString()));
        });
    }

    [PromtoolFact]
    public void Promtool_accepts_the_rules_and_their_tests()
    {
        (int rules, string said) = Programs.Run("promtool", Folder, "check", "rules", "alerts.yml");
        Assert.True(rules == 0, said);
        (int tests, string tested) = Programs.Run("promtool", Folder, "test", "rules", "alerts.test.yml");
        Assert.True(tests == 0, tested);
    }

    private static IEnumerable<string> Rare() => RareName().Matches(File.ReadAllText(Path.Combine(TestPaths.Repository, "docs", "metrics.md")))
        .SelectMany(m => Suffixes.Select(s => m.Groups[1].Value + s));

    [GeneratedRegex(@"\b(?:kvcluster|gen_ai|http_server|dotnet|kestrel)_[a-z0-9_]+\b")]
    private static partial Regex MetricName();

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex AlertName();

    [GeneratedRegex(@"^## (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex(@"^\| `((?:kvcluster|gen_ai)_[a-z0-9_]+)` \(when it happens\)", RegexOptions.Multiline)]
    private static partial Regex RareName();
}
