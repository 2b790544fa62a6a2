using KVCluster.Inference;

namespace KVCluster.Worker.Calibration;

/// <summary>Whether the parts of a calibration fit each other.</summary>
internal static class CalibrationCheck
{
    /// <exception cref="InputException">They do not; the message names the part.</exception>
    public static void Validate(ModelCalibration calibration)
    {
        CalibratedModel model = calibration.Model;
        Require(model.Layers > 0 && model.KvHeads > 0 && model.QueryHeads > 0 && model.QueryHeads % model.KvHeads == 0, "the model's dimensions");
        calibration.Settings.Validate();
        RequireRows(calibration.SemanticRetrievalScores, model.Layers, model.QueryHeads, "the semantic retrieval scores");
        RequireRows(calibration.RetrievalScores, model.Layers, model.KvHeads, "the retrieval scores");
        RequireRows(calibration.InductionScores, model.Layers, model.QueryHeads, "the induction scores");
        RequireRows(calibration.EchoScores, model.Layers, model.QueryHeads, "the echo scores");
        RequireRows([calibration.LayerErrors], 1, model.Layers, "the layer errors");
        Require(
            calibration.SemanticRetrievalHeads.Length == model.Layers
                && calibration.SemanticRetrievalHeads.All(layer =>
                    layer is { Length: > 0 } && layer.Distinct().Count() == layer.Length && layer.All(h => h >= 0 && h < model.QueryHeads)),
            "the semantic retrieval heads");
    }

    private static void RequireRows(float[][] rows, int count, int width, string what) =>
        Require(rows.Length == count && rows.All(row => row?.Length == width && row.All(v => float.IsFinite(v) && v >= 0)), what);

    private static void Require(bool fits, string what)
    {
        if (!fits)
        {
            throw new InputException($"{what} do not fit the model it names");
        }
    }
}
