using System.Text.Json;
using System.Text.RegularExpressions;
using KVCluster.Dashboard.Tests.Support;
using KVCluster.Inference.Kv;
using KVCluster.TestSupport;
using KVCluster.Worker.Serving;

namespace KVCluster.Dashboard.Tests.Telemetry;

public sealed partial class MetricsTests : IAsyncLifetime
{
    // A name that no other server of this process has: its series are told apart by it.
    private readonly DashboardServer _server = new DashboardServer().With("Node:Name", $"m{Guid.NewGuid():N}"[..10]).With("Node:Count", "1");

    private string Node => $"node=\"{_server.Host.Nodes[0].Name}\"";

    public Task InitializeAsync() => _server.InitializeAsync();

    public Task DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Bytes_and_tokens_are_those_of_the_ledger_and_the_turns()
    {
        int answered = await _server.ConverseAsync("counted", lines: 12);
        await _server.SendAsync(HttpMethod.Post, "/v1/sessions/counted/compress", """{"keep":0.5}""");
        JsonElement turn = await _server.SendAsync(HttpMethod.Post, "/v1/sessions/counted/messages", """{"message":"And?","sampling":{"max_tokens":5}}""");
        answered += turn.GetProperty("answer_tokens").GetInt32();
        await _server.QuietAsync();

        Scrape scrape = await Scrape.OfAsync(_server.Http);

        LedgerSnapshot ledger = _server.Ledger(0);
        DeviceActivity activity = _server.Host.Nodes[0].Worker.Activity;
        Assert.Equal(ledger.FreeBytes, scrape.Sum("kvcluster_arena_bytes", Node, "state=\"free\"", "kv_type=\"bf16\""));
        Assert.Equal(ledger.EvictableBytes, scrape.Sum("kvcluster_arena_bytes", Node, "state=\"evictable\""));
        Assert.Equal(ledger.TotalBytes, scrape.Sum("kvcluster_arena_bytes", Node));
        Assert.Equal(ledger.TotalBytes, scrape.Sum("kvcluster_arena_size_bytes", Node));
        Assert.Equal(2, scrape.Sum("kvcluster_turns_total", Node, "outcome=\"made\""));
        Assert.Equal(answered, scrape.Sum("kvcluster_generation_tokens_total", Node));
        Assert.Equal(activity.PromptTokens, scrape.Sum("kvcluster_prompt_tokens_total", Node));
        Assert.True(activity.PromptTokens > 100);
        Assert.Equal(1, scrape.Sum("kvcluster_attaches_total", Node, "source=\"resident\""));
        Assert.True(scrape.Sum("kvcluster_prefix_cache_hits_total", Node, "tier=\"device\"") > 100);
        Assert.Equal(1, scrape.Sum("kvcluster_compressions_total", Node));
        Assert.Equal(activity.CompressionFreedBytes, scrape.Sum("kvcluster_compression_freed_bytes_total", Node));
        Assert.Equal(1, scrape.Sum("kvcluster_kv_reuse_gap_seconds_count", Node));
        Assert.Equal(2, scrape.Sum("kvcluster_request_queue_time_seconds_count", Node));
        Assert.InRange(scrape.Sum("kvcluster_tokens_kept_ratio", Node), 0.3, 0.9);
    }

    [Fact]
    public async Task A_cache_that_is_demoted_and_comes_back_is_a_hit_of_the_cold_tier()
    {
        await _server.ConverseAsync("back", lines: 12);
        await _server.SendAsync(HttpMethod.Post, "/v1/sessions/back/demote");
        await _server.SendAsync(HttpMethod.Post, "/v1/sessions/back/messages", """{"message":"And?","sampling":{"max_tokens":5}}""");

        Scrape scrape = await Scrape.OfAsync(_server.Http);

        double loaded = scrape.Sum("kvcluster_prefix_cache_hits_total", Node, "tier=\"cold\"");
        double again = scrape.Sum("kvcluster_recomputed_tokens_total", Node);
        Assert.True(loaded > 100 || again > 100, "the history came from nowhere");
        Assert.Equal(scrape.Sum("kvcluster_prefix_cache_queries_total", Node), loaded + again + scrape.Sum("kvcluster_prefix_cache_hits_total", Node, "tier=\"device\""));
        Assert.True(scrape.Sum("kvcluster_cold_saves_total", "store=\"directory\"", "outcome=\"Published\"") >= 1);
    }

    [Fact]
    public async Task Labels_name_no_session_or_tenant_and_series_do_not_grow_with_sessions()
    {
        await _server.ConverseAsync("first", lines: 2);
        Scrape few = await Scrape.OfAsync(_server.Http);
        await _server.IndexAsync(2000);
        for (int i = 0; i < 12; i++)
        {
            await _server.ConverseAsync($"more-{i}", lines: 2);
        }

        Scrape many = await Scrape.OfAsync(_server.Http);

        string[] keys = [.. many.Samples.SelectMany(s => LabelName().Matches(s.Labels)).Select(m => m.Groups[1].Value).Distinct().Order(StringComparer.Ordinal)];
        Assert.DoesNotContain("session", keys);
        Assert.DoesNotContain("tenant", keys);
        Assert.DoesNotContain("more-", many.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("overflow=", many.Text, StringComparison.Ordinal);
        int ours = many.Samples.Count(s => s.Name.StartsWith("kvcluster_", StringComparison.Ordinal) && s.Labels.Contains(Node, StringComparison.Ordinal));
        Assert.Equal(ours, few.Samples.Count(s => s.Name.StartsWith("kvcluster_", StringComparison.Ordinal) && s.Labels.Contains(Node, StringComparison.Ordinal))
            + Late(few, many));
        Assert.InRange(ours, 50, 400);
    }

    [Fact]
    public async Task Every_exported_name_is_documented_and_every_documented_one_is_exported()
    {
        string page = File.ReadAllText(Path.Combine(TestPaths.Repository, "docs", "metrics.md"));
        HashSet<string> documented = [.. DocumentedName().Matches(page).Select(m => m.Groups[1].Value)];
        await _server.ConverseAsync("named", lines: 12);
        await _server.SendAsync(HttpMethod.Post, "/v1/sessions/named/demote");
        await _server.SendAsync(HttpMethod.Post, "/v1/sessions/named/messages", """{"message":"And?","sampling":{"max_tokens":5}}""");
        (await _server.AskAsync(HttpMethod.Get, "/v1/sessions/none")).Dispose();

        Scrape scrape = await Scrape.OfAsync(_server.Http);

        string[] own = [.. scrape.Families.Keys.Where(IsOwn)];
        Assert.Empty(own.Except(documented));
        HashSet<string> rare = [.. RareName().Matches(page).Select(m => m.Groups[1].Value)];
        Assert.Empty(documented.Except(own).Except(rare));
    }

    [PromtoolFact]
    public async Task Promtool_can_read_the_scrape()
    {
        await _server.ConverseAsync("read", lines: 2);
        Scrape scrape = await Scrape.OfAsync(_server.Http);
        string folder = Directory.CreateTempSubdirectory("kvcluster-promtool").FullName;
        string file = Path.Combine(folder, "scrape.txt");
        await File.WriteAllTextAsync(file, scrape.Text);

        (int _, string said) = Programs.Run("sh", folder, "-c", $"promtool check metrics < '{file}'");

        // It reads the older text format, in which a counter's help stands under the name with _total; and it would have percentages as ratios.
        Assert.DoesNotContain("error while linting", said, StringComparison.Ordinal);
        Assert.DoesNotContain(said.Split('\n'), line => IsOwn(line) && !line.Contains("_perc", StringComparison.Ordinal) && !line.Contains("_total no help text", StringComparison.Ordinal));
        Directory.Delete(folder, recursive: true);
    }

    private static bool IsOwn(string name) => name.StartsWith("kvcluster_", StringComparison.Ordinal) || name.StartsWith("gen_ai_", StringComparison.Ordinal);

    /// <summary>Series that began with a kind of event that the first scrape had not seen: bounded by words, not by sessions.</summary>
    private int Late(Scrape few, Scrape many)
    {
        HashSet<(string, string)> known = [.. few.Samples.Select(s => (s.Name, s.Labels))];
        (string Name, string Labels, double)[] late = [.. many.Samples.Where(s => s.Name.StartsWith("kvcluster_", StringComparison.Ordinal)
            && s.Labels.Contains(Node, StringComparison.Ordinal) && !known.Contains((s.Name, s.Labels)))];
        Assert.All(late, s => Assert.Matches("phase=|source=", s.Labels));
        return late.Length;
    }

    [GeneratedRegex("([a-z_]+)=\"")]
    private static partial Regex LabelName();

    [GeneratedRegex(@"^\| `((?:kvcluster|gen_ai)_[a-z0-9_]+)`", RegexOptions.Multiline)]
    private static partial Regex DocumentedName();

    [GeneratedRegex(@"^\| `((?:kvcluster|gen_ai)_[a-z0-9_]+)` \(when it happens\)", RegexOptions.Multiline)]
    private static partial Regex RareName();
}
