using KVCluster.Worker.Calibration;

namespace KVCluster.Worker.Tests.Calibration;

/// <summary>Made-up calibrations.</summary>
internal static class Calibrations
{
    /// <summary>Two layers of four query heads on two KV heads.</summary>
    public static ModelCalibration Small() => new()
    {
        Model = new CalibratedModel("small-model", "0123456789abcdef", Layers: 2, QueryHeads: 4, KvHeads: 2),
        Settings = new CalibrationSettings(),
        Runs = [new CalibrationRun(500, 0.5, Answered: true)],
        SemanticRetrievalScores = [[0.1f, 0.2f, 0.3f, 0.4f], [0.4f, 0.3f, 0.2f, 0.1f]],
        SemanticRetrievalHeads = [[3, 2], [0, 1]],
        LayerErrors = [0.25f, 0.75f],
        RetrievalScores = [[0.5f, 0.25f], [0.125f, 1]],
        InductionScores = [[0.9f, 0, 0.1f, 0.2f], [0.3f, 0.4f, 0.5f, 0.6f]],
        EchoScores = [[0, 0.8f, 0, 0.1f], [0, 0, 0, 0]],
    };
}
