using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Backend;

/// <summary>
/// The end of a conversation run again at its own positions against its cache, to see what its queries looked at: nothing is appended,
/// each query sees the cached slots up to its own position. On an exact cache the queries are those of the prefill.
/// </summary>
/// <param name="Cache">Read, never changed; it must not change while the pass runs.</param>
/// <param name="Tokens">Token ids of its last positions, the last one at the logical length minus 1.</param>
public sealed record HistoryRequest(KvCache Cache, ReadOnlyMemory<int> Tokens)
{
    /// <summary>Gathers attention; null where only statistics are wanted.</summary>
    public HistoryAttention? Attention { get; init; }

    /// <summary>Gathers the queries' distribution; null where only attention is wanted.</summary>
    public QueryStatisticsRequest? Statistics { get; init; }

    /// <summary>Queries a step; bounds the time between two steps, not the result.</summary>
    public int ChunkTokens { get; init; } = 512;
}

/// <summary>Which attention of a history pass is gathered.</summary>
/// <param name="Aggregation">Largest or mean over the queries, each times its weight.</param>
/// <param name="Weighting">What each query counts.</param>
public sealed record HistoryAttention(QueryAggregation Aggregation, QueryWeighting Weighting = QueryWeighting.Uniform)
{
    /// <summary>Only the last so many of the tokens look; 0: all.</summary>
    public int Window { get; init; }

    /// <summary>
    /// Each query's own row, cut to the slots before the window, becomes the average over so many neighbours, an odd number (beyond the ends
    /// are zeros), scaled to the sum it had; the window's slots then receive 0. 1: rows as they are.
    /// </summary>
    public int SmoothingKernel { get; init; } = 1;

    /// <summary>The plain mean over the same queries is gathered beside it.</summary>
    public bool WithMean { get; init; }
}

/// <summary>A history pass under way; other work may run on the backend between two steps.</summary>
public interface IHistoryPass : IDisposable
{
    /// <summary>Share done, 0 to 1.</summary>
    double Progress { get; }

    /// <summary>Bytes of working memory held until disposal.</summary>
    long WorkingBytes { get; }

    /// <summary>Does one bounded piece; false when there is nothing left.</summary>
    bool Step();

    /// <summary>
    /// Attention received by each slot, rows = QUERY heads; null where it was not asked for. Valid once <see cref="Step"/> has returned
    /// false.
    /// </summary>
    AttentionScores? Attention { get; }

    /// <summary>
    /// The mean over the same queries, not smoothed, rows = QUERY heads; null where it was not asked for. Valid once <see cref="Step"/> has
    /// returned false.
    /// </summary>
    AttentionScores? MeanAttention { get; }

    /// <summary>The queries' statistics; null where they were not asked for. Valid once <see cref="Step"/> has returned false.</summary>
    QueryStatistics? Statistics { get; }
}
