namespace KVCluster.Compression.Policies;

/// <summary>
/// Attention probabilities, softmax over all keys the query sees, aggregated over queries: rows of query heads, a number a slot. What does
/// not concern a source (a window of a replay) is left at its default.
/// </summary>
/// <param name="Source">Which queries.</param>
/// <param name="Aggregation">Maximum or mean over them.</param>
public sealed record AttentionRequest(AttentionSource Source, QueryAggregation Aggregation)
{
    /// <summary>
    /// Observed or window attention of only the last so many queries; 0 for all of them. A shorter history gives all it has.
    /// </summary>
    public int Window { get; init; }

    /// <summary>
    /// The context is replayed in pieces of so many tokens, each alone from position N on, so that a query sees the cache and its own piece;
    /// 0: in one. Of the source replay.
    /// </summary>
    public int ReplayTokens { get; init; }

    /// <summary>
    /// What the cache observed of just these queries as they came does as well, and spares running them again: of the source window, where
    /// all queries count the same, rows are as they are and heads are reduced by their mean.
    /// </summary>
    public bool OrObserved { get; init; }

    /// <summary>What each query counts; of the sources window and reconstruction.</summary>
    public QueryWeighting Weighting { get; init; }

    /// <summary>
    /// Before rows are aggregated each query's own row, cut to the slots before the window, becomes the average over so many neighbouring
    /// slots, an odd number (beyond the ends are zeros), scaled to the sum it had; the window's slots then receive 0. 1: rows as they are.
    /// Of the source window.
    /// </summary>
    public int SmoothingKernel { get; init; } = 1;

    /// <summary>
    /// The plain mean over the same queries is wanted beside the aggregation, <see cref="PolicyInput.MeanAttention"/>. Of the source window.
    /// </summary>
    public bool WithMean { get; init; }

    /// <summary>How the context is repeated to the model; of the source reconstruction.</summary>
    public ReconstructionOptions? Reconstruction { get; init; }
}
