using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Backend;

/// <summary>
/// What to run against a cache to learn which slots matter (KVCompose, arXiv 2509.05165, step 2). Each prompt runs alone at positions
/// N, N + 1, ... with N the cache's logical length; its queries see the whole cache and the causal part of the prompt, and their softmax is
/// over both. Replay: the context's own ids as the one prompt.
/// </summary>
/// <param name="Cache">Read, never changed; it must not change while the pass runs.</param>
/// <param name="Prompts">Token ids of each prompt.</param>
/// <param name="Aggregation">Largest or mean over the queries of all prompts.</param>
/// <param name="ChunkTokens">Queries a step; bounds the time between two steps, not the result.</param>
public sealed record ScoringRequest(
    KvCache Cache,
    IReadOnlyList<ReadOnlyMemory<int>> Prompts,
    QueryAggregation Aggregation = QueryAggregation.Max,
    int ChunkTokens = 512)
{
    /// <summary>
    /// The positions each prompt scores, one entry a prompt, none in two; slots elsewhere score 0. Null: every prompt scores all.
    /// </summary>
    public IReadOnlyList<ScoredRange>? Ranges { get; init; }

    /// <summary>What each query counts.</summary>
    public QueryWeighting Weighting { get; init; }

    /// <summary>
    /// With ranges: the softmax that scores runs only over the prompt's range, the first so many positions and the prompt itself, while the
    /// prompt still attends to everything. Null: over all.
    /// </summary>
    public int? SubsampleSinks { get; init; }
}

/// <summary>Positions [Begin, End).</summary>
/// <param name="Begin">The first.</param>
/// <param name="End">Behind the last.</param>
public readonly record struct ScoredRange(int Begin, int End);

/// <summary>A scoring pass under way; other work may run on the backend between two steps.</summary>
public interface IScoringPass : IDisposable
{
    /// <summary>Share done, 0 to 1.</summary>
    double Progress { get; }

    /// <summary>Bytes of working memory held until disposal.</summary>
    long WorkingBytes { get; }

    /// <summary>Does one bounded piece; false when there is nothing left.</summary>
    bool Step();

    /// <summary>Attention received by each slot, rows = QUERY heads; valid once <see cref="Step"/> has returned false.</summary>
    AttentionScores Result { get; }
}
