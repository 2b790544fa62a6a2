using System.Text.Json;
using KVCluster.TestSupport;

namespace KVCluster.Silo.Tests.Calibration;

public sealed class CalibrateTests
{
    private static readonly string[] s_short = ["--lengths", "200", "--depths", "2"];

    [Fact]
    public void A_model_is_calibrated_and_its_policies_run()
    {
        using TemporaryFolder folder = new();
        string file = Path.Combine(folder.Path, "needle.json");
        JsonElement report = CommandRun.Of(["calibrate", "--json", "--out", file, .. s_short]).Json();
        Assert.Equal(file, report.GetProperty("file").GetString());
        Assert.Equal(2, report.GetProperty("answered").GetInt32());
        JsonElement calibration = report.GetProperty("calibration");
        Assert.Equal(report.GetProperty("model").GetProperty("fingerprint").GetString(), calibration.GetProperty("model").GetProperty("fingerprint").GetString());
        Assert.Equal([0.25, 0.75], calibration.GetProperty("runs").EnumerateArray().Select(r => r.GetProperty("depth").GetDouble()));

        using JsonDocument written = JsonDocument.Parse(File.ReadAllBytes(file));
        Assert.Equal("kvcluster-calibration", written.RootElement.GetProperty("format").GetString());
        Assert.Equal(
            JsonSerializer.Serialize(calibration), JsonSerializer.Serialize(written.RootElement.GetProperty("calibration")));

        string document = folder.Write("d.txt", string.Join(' ', Enumerable.Repeat("The baker carried the basket near the market.", 40)));
        foreach (string policy in (string[])["compresskv", "duo-attention:sinks=4,recents=16", "razor-attention"])
        {
            JsonElement chat = CommandRun.Of(
                "chat", "--json", "--question", "Hello!", "--document", document, "--keep", "0.5", "--policy", policy, "--calibration", file).Json();
            JsonElement compression = chat.GetProperty("compression");
            Assert.True(compression.GetProperty("bytesAfter").GetInt64() < compression.GetProperty("bytesBefore").GetInt64(), policy);
        }
    }

    [Fact]
    public void The_file_lies_beside_the_model_and_is_found_there()
    {
        using TemporaryFolder folder = new();
        string model = Copy(folder);
        string document = folder.Write("d.txt", string.Join(' ', Enumerable.Repeat("The baker carried the basket near the market.", 40)));
        string[] chat = ["chat", "--model", model, "--json", "--question", "Hello!", "--document", document, "--keep", "0.5", "--policy", "compresskv"];
        CommandRun.Of(chat).AssertRefused("compresskv", "kvcluster calibrate --model", model, "--calibration");

        CommandRun run = CommandRun.Of(["calibrate", "--model", model, .. s_short]);
        Assert.Equal(0, run.ExitCode);
        Assert.All(["2 of 2 needles found", "layer", model], t => Assert.Contains(t, run.Output.ReplaceLineEndings(""), StringComparison.Ordinal));
        Assert.Equal("compresskv", CommandRun.Of(chat).Json().GetProperty("compression").GetProperty("policy").GetString());

        // A model goes on being a model with the file in its folder, and policies that need none do not look at it.
        File.WriteAllText(Path.Combine(model, "calibration.json"), "{");
        CommandRun.Of(chat).AssertRefused("calibration.json", "broken");
        Assert.Equal(0, CommandRun.Of([.. chat[..^1], "knorm"]).ExitCode);
    }

    [Fact]
    public void A_demo_finds_out_early_that_a_calibration_is_missing_or_foreign()
    {
        using TemporaryFolder folder = new();
        CommandRun.Of("compare", "--json", "--policy", "duo-attention", "--calibration", Path.Combine(folder.Path, "absent.json"))
            .AssertRefused("absent.json", "kvcluster calibrate");
        string foreign = Path.Combine(folder.Path, "foreign.json");
        Assert.Equal(0, CommandRun.Of(["calibrate", "--json", "--out", foreign, .. s_short]).ExitCode);
        string text = File.ReadAllText(foreign);
        using JsonDocument written = JsonDocument.Parse(text);
        string fingerprint = written.RootElement.GetProperty("calibration").GetProperty("model").GetProperty("fingerprint").GetString()!;
        File.WriteAllText(foreign, text.Replace(fingerprint, new string('0', fingerprint.Length), StringComparison.Ordinal));
        CommandRun.Of("compare", "--json", "--policy", "razor-attention", "--calibration", foreign).AssertRefused("foreign.json", "another model");
    }

    [Fact]
    public void Bad_input_is_refused_before_the_work()
    {
        using TemporaryFolder folder = new();
        string other = folder.Write("weights.json", "{}");
        CommandRun.Of("calibrate", "--out", other).AssertRefused(other, "no calibration");
        CommandRun.Of("calibrate", "--out", folder.Path).AssertRefused(folder.Path, "folder");
        CommandRun.Of("calibrate", "--out", Path.Combine(folder.Path, "absent", "c.json")).AssertRefused("no folder");
        CommandRun.Of("calibrate", "--lengths", "100000", "--context", "512").AssertRefused("4096", "100000");
        CommandRun.Of("calibrate", "--context", "256").AssertRefused("arena", "1056");
        CommandRun.Of("calibrate", "--lengths", "12").AssertRefused("lengths");
        CommandRun.Of("calibrate", "--lengths", "many").AssertRefused("--lengths", "'many'");
        CommandRun.Of("calibrate", "--depths", "0").AssertRefused("--depths is 0");
        CommandRun.Of("calibrate", "--depths", "x").AssertRefused("--depths", "'x'");
        CommandRun.Of("calibrate", "--model", Path.Combine(folder.Path, "absent")).AssertRefused("absent");
        Assert.Equal(["weights.json"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    /// <summary>The bundled model without the calibration that it comes with.</summary>
    private static string Copy(TemporaryFolder folder)
    {
        string model = Path.Combine(folder.Path, "model");
        Directory.CreateDirectory(model);
        foreach (string file in Directory.EnumerateFiles(TestPaths.Needle).Where(f => Path.GetFileName(f) != "calibration.json"))
        {
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        }

        return model;
    }
}
