using System.Text.Json;

namespace KVCluster.Silo.Tests.Verbs;

public sealed class EvaluateTests : IDisposable
{
    private static readonly string[] s_small =
        ["evaluate", "--tasks", "needle-single", "--lengths", "256", "--count", "2", "--policy", "streaming-llm", "--ratios", "0.5,0.75"];

    private readonly string _folder = Directory.CreateTempSubdirectory("kvcluster-evaluate-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_run_is_summed_up_and_not_repeated()
    {
        string outcomes = Path.Combine(_folder, "outcomes.jsonl");
        string page = Path.Combine(_folder, "report.html");
        JsonElement first = CommandRun.Of([.. s_small, "--json", "--out", outcomes, "--report", page]).Json();
        JsonElement curve = first.GetProperty("summary").GetProperty("lengths")[0].GetProperty("curves")[0];
        Assert.Equal("streaming-llm", curve.GetProperty("policy").GetString());
        Assert.Equal([0, 0.5, 0.75], curve.GetProperty("points").EnumerateArray().Select(p => p.GetProperty("ratio").GetDouble()));
        Assert.Equal(2, first.GetProperty("summary").GetProperty("samples").GetInt32());
        Assert.StartsWith("<!doctype html>", File.ReadAllText(page), StringComparison.Ordinal);

        // A header, and two samples at two ratios and whole.
        string[] lines = File.ReadAllLines(outcomes);
        Assert.Equal(1 + (2 * 3), lines.Length);
        JsonElement second = CommandRun.Of([.. s_small, "--json", "--out", outcomes, "--report", page]).Json();
        Assert.Equal(first.GetRawText(), second.GetRawText());
        Assert.Equal(lines, File.ReadAllLines(outcomes));
    }

    [Fact]
    public void People_get_a_table()
    {
        CommandRun run = CommandRun.Of(s_small);
        Assert.Equal(0, run.ExitCode);
        Assert.All(["streaming-llm", "AUC", "saved within", "held at 0.5"], text => Assert.Contains(text, run.Output, StringComparison.Ordinal));
    }

    [Fact]
    public void What_cannot_be_measured_is_refused()
    {
        string broken = Path.Combine(_folder, "broken.jsonl");
        File.WriteAllText(broken, "{\"task\":");
        CommandRun.Of("evaluate", "--tasks", "needles").AssertRefused("needles", "needle-single", "niah-multikey-essay");
        CommandRun.Of("evaluate", "--policy", "nothing").AssertRefused("nothing", "kvcompose");
        CommandRun.Of("evaluate", "--ratios", "0.5,1").AssertRefused("ratio 1");
        CommandRun.Of("evaluate", "--ratios", "half").AssertRefused("--ratios", "half");
        CommandRun.Of("evaluate", "--lengths", "999999").AssertRefused("999999", "4096");
        CommandRun.Of("evaluate", "--count", "0").AssertRefused("--count");
        CommandRun.Of("evaluate", "--samples", broken).AssertRefused("line 1");
        CommandRun.Of("evaluate", "--samples", Path.Combine(_folder, "absent")).AssertRefused("absent");
        CommandRun.Of("evaluate", "--out", broken).AssertRefused(broken);
        CommandRun.Of("evaluate", "--report", Path.Combine(_folder, "no", "page.html")).AssertRefused("--report");
        CommandRun.Of("evaluate", "--tasks", "common-words", "--protocol", "multi-turn").AssertRefused("common-words", "multi-turn");
    }
}
