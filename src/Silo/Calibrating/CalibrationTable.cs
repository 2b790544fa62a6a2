using System.Globalization;
using KVCluster.Worker.Calibration;
using Spectre.Console;

namespace KVCluster.Silo.Calibrating;

/// <summary>A calibration for people, a line a layer.</summary>
internal static class CalibrationTable
{
    public static Table Create(ModelCalibration calibration)
    {
        Table table = new Table().Border(TableBorder.Simple);
        table.AddColumn("layer");
        table.AddColumn("semantic heads");
        table.AddColumn(new TableColumn("share of error").RightAligned());
        table.AddColumn(new TableColumn("retrieval by KV head").RightAligned());
        table.AddColumn(new TableColumn("induction").RightAligned());
        table.AddColumn(new TableColumn("echo").RightAligned());
        for (int layer = 0; layer < calibration.Model.Layers; layer++)
        {
            table.AddRow(
                new Text($"{layer}"),
                new Text(string.Join(' ', calibration.SemanticRetrievalHeads[layer])),
                new Text($"{Share(calibration.LayerErrors[layer])} %"),
                new Text(string.Join("  ", calibration.RetrievalScores[layer].Select(Share))),
                new Text(Best(calibration.InductionScores[layer])),
                new Text(Best(calibration.EchoScores[layer])));
        }

        return table;
    }

    private static string Share(float value) => (value * 100).ToString("0.0", CultureInfo.InvariantCulture);

    // The head and the share of its attention, in percent.
    private static string Best(float[] heads)
    {
        int best = Array.IndexOf(heads, heads.Max());
        return $"head {best}: {Share(heads[best])}";
    }
}
