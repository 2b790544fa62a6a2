using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Cpu.Attention;

/// <summary>One sequence's queries of one layer.</summary>
internal unsafe struct TileAttentionInput
{
    /// <summary>The sequence; lengths are those before this step.</summary>
    public KvCache Cache;

    public int Layer;

    /// <summary>Slots, at positions after the cache's, that lie in <see cref="Context"/> before the first query's own.</summary>
    public int CommittedExtra;

    /// <summary>Keys and values up to and including the last query's own.</summary>
    public PackedContext Context;

    /// <summary>[tokens, Hq * d], RoPE and 1/sqrt(d) applied.</summary>
    public float* Queries;

    public nint QueryStride;

    public int Tokens;

    /// <summary>[tokens, Hq * d], or null where only the attention is wanted.</summary>
    public float* Output;

    public nint OutputStride;

    public ColumnAccumulator? Observer;

    /// <summary>Rows of the observer are query heads; else KV heads, each the mean of its group.</summary>
    public bool ObserveQueryHeads;

    /// <summary>Takes the same rows beside <see cref="Observer"/>, before they are smoothed; null: nobody.</summary>
    public ColumnAccumulator? PlainObserver;

    /// <summary>
    /// What the observer takes is averaged over so many neighbouring slots, an odd number, and scaled to the sum it had; 1: taken as it is.
    /// </summary>
    public int SmoothingKernel;

    /// <summary>Where rows are smoothed, slots from this position on count for nothing.</summary>
    public int SmoothedPositions;

    /// <summary>First token whose attention is observed.</summary>
    public int ObserveFrom;

    /// <summary>
    /// The first query's own position where the queries are older than the cache: each sees the slots up to its own position, and none lie
    /// behind the cache's. Null: queries follow the cache.
    /// </summary>
    public int? QueryPosition;

    /// <summary>What each query's attention counts to the observer, [tokens]; null: 1.</summary>
    public float[]? Weights;

    /// <summary>
    /// Of the cache's slots only those of these positions, and those of the first <see cref="VisibleSinks"/>, take part; null: all.
    /// </summary>
    public ScoredRange? VisibleRange;

    public int VisibleSinks;
}
