using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KVCluster.Compression.Policies;
using KVCluster.Inference;
using KVCluster.Worker.Calibration;

namespace KVCluster.Worker.Tests.Calibration;

public sealed class CalibrationFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvcluster-calibration").FullName;

    private string File => Path.Combine(_folder, "calibration.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_saved_is_loaded()
    {
        ModelCalibration saved = Calibrations.Small();
        CalibrationFile.RequireWritable(File);
        CalibrationFile.Save(File, saved);
        CalibrationFile.RequireWritable(File);
        CalibrationFile.Save(File, saved);
        ModelCalibration loaded = CalibrationFile.Load(File, saved.Model.Fingerprint);
        Assert.Equal(JsonSerializer.Serialize(saved), JsonSerializer.Serialize(loaded));
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder));
        HeadCalibration heads = loaded.ToHeads();
        Assert.Equal(saved.SemanticRetrievalHeads, heads.SemanticRetrievalHeads!);
        Assert.Equal(saved.LayerErrors, heads.LayerErrors!);
        Assert.Equal(saved.RetrievalScores, heads.RetrievalScores!);
        Assert.Equal(saved.Model.Layers, heads.InductionScores!.Length);
    }

    [Fact]
    public void Another_models_file_is_refused()
    {
        CalibrationFile.Save(File, Calibrations.Small());
        Refused("another model", "small-model");
    }

    [Theory]
    [InlineData("version", "0", "version 0")]
    [InlineData("version", "\"1\"", "version none")]
    [InlineData("format", "\"other\"", "no calibration")]
    [InlineData("calibration", "null", "broken")]
    [InlineData("calibration", "{}", "broken")]
    [InlineData("extra", "1", "broken")]
    public void A_changed_head_is_refused(string field, string value, string fault)
    {
        Change(root => root[field] = JsonNode.Parse(value));
        Refused(fault);
    }

    [Theory]
    [InlineData("layerErrors", "[0.5]", "layer errors")]
    [InlineData("layerErrors", "[0.5, -0.5]", "layer errors")]
    [InlineData("semanticRetrievalHeads", "[[0, 0], [1]]", "semantic retrieval heads")]
    [InlineData("semanticRetrievalHeads", "[[4], [1]]", "semantic retrieval heads")]
    [InlineData("semanticRetrievalHeads", "[null, [1]]", "semantic retrieval heads")]
    [InlineData("retrievalScores", "[[1, 2], [1]]", "retrieval scores")]
    [InlineData("inductionScores", "[[1, 2, 3, 4], null]", "induction scores")]
    [InlineData("echoScores", "[]", "echo scores")]
    [InlineData("echoScores", "null", "echoScores")]
    [InlineData("unknown", "1", "unknown")]
    public void Parts_that_do_not_fit_are_refused(string field, string value, string fault)
    {
        Change(root => root["calibration"]![field] = JsonNode.Parse(value));
        Refused("broken", fault);
    }

    [Fact]
    public void Any_cut_and_any_nonsense_is_refused()
    {
        CalibrationFile.Save(File, Calibrations.Small());
        byte[] whole = System.IO.File.ReadAllBytes(File);

        // The last byte is a line's end: without it the file is whole.
        for (int length = 0; length < whole.Length - 1; length += 1 + (length / 40))
        {
            System.IO.File.WriteAllBytes(File, whole[..length]);
            Refused();
        }

        foreach (string text in (string[])["[]", "1", "null", "\"kvcluster-calibration\"", "{\"format\": {}}", "\0"])
        {
            System.IO.File.WriteAllBytes(File, Encoding.UTF8.GetBytes(text));
            Refused();
        }
    }

    [Fact]
    public void A_missing_file_says_how_to_make_one()
    {
        Refused("no such calibration", "kvcluster calibrate");
        Assert.Null(CalibrationFile.Find(_folder, named: null));
        Assert.Equal("named", CalibrationFile.Find(_folder, "named"));
        CalibrationFile.Save(CalibrationFile.DefaultPath(_folder), Calibrations.Small());
        Assert.Equal(CalibrationFile.DefaultPath(_folder), CalibrationFile.Find(_folder, named: null));
    }

    [Fact]
    public void Nothing_else_is_overwritten()
    {
        System.IO.File.WriteAllText(File, "{\"weights\": 1}");
        Assert.Contains(File, Assert.Throws<InputException>(() => CalibrationFile.RequireWritable(File)).Message, StringComparison.Ordinal);
        Assert.Contains("folder", Assert.Throws<InputException>(() => CalibrationFile.RequireWritable(_folder)).Message, StringComparison.Ordinal);
        string nowhere = Path.Combine(_folder, "absent", "calibration.json");
        Assert.Contains("no folder", Assert.Throws<InputException>(() => CalibrationFile.RequireWritable(nowhere)).Message, StringComparison.Ordinal);
        Assert.Contains(nowhere, Assert.Throws<InputException>(() => CalibrationFile.Save(nowhere, Calibrations.Small())).Message, StringComparison.Ordinal);
        Assert.Equal("{\"weights\": 1}", System.IO.File.ReadAllText(File));
    }

    private void Change(Action<JsonNode> change)
    {
        CalibrationFile.Save(File, Calibrations.Small());
        JsonNode root = JsonNode.Parse(System.IO.File.ReadAllText(File))!;
        change(root);
        System.IO.File.WriteAllText(File, root.ToJsonString());
    }

    private void Refused(params string[] mentioned)
    {
        string expected = mentioned.Contains("another model") ? "other" : Calibrations.Small().Model.Fingerprint;
        InputException e = Assert.Throws<InputException>(() => CalibrationFile.Load(File, expected));
        Assert.All([File, .. mentioned], m => Assert.Contains(m, e.Message, StringComparison.Ordinal));
    }
}
