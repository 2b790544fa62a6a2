namespace KVCluster.Compression.Policies;

/// <summary>What is known of one model's heads and layers beforehand. Parts a policy needs and that are absent are named in its error.</summary>
public sealed record HeadCalibration
{
    /// <summary>How much each KV head retrieves from afar, [layers][kvHeads], higher is more (DuoAttention).</summary>
    public float[][]? RetrievalScores { get; init; }

    /// <summary>Query heads that copy what came before, [layers][query heads], higher is more (RazorAttention's echo and induction).</summary>
    public float[][]? InductionScores { get; init; }

    /// <summary>Semantic retrieval heads of each layer, query heads, best first, [layers][any] (CompressKV).</summary>
    public int[][]? SemanticRetrievalHeads { get; init; }

    /// <summary>Share of each layer in the error that compression makes, [layers], sum 1 (CompressKV).</summary>
    public float[]? LayerErrors { get; init; }
}
