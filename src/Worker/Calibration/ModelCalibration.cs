using KVCluster.Compression.Policies;

namespace KVCluster.Worker.Calibration;

/// <summary>What was measured of a model's heads and layers, and on what.</summary>
public sealed record ModelCalibration
{
    /// <summary>The model.</summary>
    public required CalibratedModel Model { get; init; }

    /// <summary>What was measured on.</summary>
    public required CalibrationSettings Settings { get; init; }

    /// <summary>The needle prompts.</summary>
    public required IReadOnlyList<CalibrationRun> Runs { get; init; }

    /// <summary>CompressKV's score of each query head, mean over the runs answered, [layers][queryHeads].</summary>
    public required float[][] SemanticRetrievalScores { get; init; }

    /// <summary>The best query heads of each layer by that score, best first, [layers][any].</summary>
    public required int[][] SemanticRetrievalHeads { get; init; }

    /// <summary>Share of each layer in the error that compression makes, [layers], sum 1.</summary>
    public required float[] LayerErrors { get; init; }

    /// <summary>
    /// How much each KV head retrieves, [layers][kvHeads], in [0, 1]: the attention mass on the answer's span while its tokens are generated,
    /// of the query head of the group that has most. It stands for the gates that DuoAttention trains on passkeys. (All mass outside sinks
    /// and recents would rank early heads first, which look everywhere and retrieve nothing.)
    /// </summary>
    public required float[][] RetrievalScores { get; init; }

    /// <summary>Mass on the tokens behind earlier occurrences, [layers][queryHeads], in [0, 1].</summary>
    public required float[][] InductionScores { get; init; }

    /// <summary>Mass on earlier occurrences of the same token, [layers][queryHeads], in [0, 1].</summary>
    public required float[][] EchoScores { get; init; }

    /// <summary>The same as policies take it.</summary>
    public HeadCalibration ToHeads() => new()
    {
        SemanticRetrievalHeads = SemanticRetrievalHeads,
        LayerErrors = LayerErrors,
        RetrievalScores = RetrievalScores,
        InductionScores = RazorRanking.Of(InductionScores, EchoScores),
    };
}
