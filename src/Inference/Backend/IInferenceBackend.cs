using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Inference.Backend;

/// <summary>
/// A device that runs one model over many caches. It does whole steps, not single operators, so that each kind of device can be fast in
/// its own way; callers see handles (<see cref="KvCache"/>), token ids and host spans of results, never device memory.
/// Not thread-safe: one worker drives one backend. Memory of a cache's slots belongs to <see cref="Pool"/>.
/// </summary>
public interface IInferenceBackend : IDisposable
{
    /// <summary>Dimensions of the model it runs.</summary>
    ModelConfig Model { get; }

    /// <summary>Pages and ledger of the device's arena.</summary>
    KvPool Pool { get; }

    /// <summary>What the backend itself allocated.</summary>
    BackendMemory Memory { get; }

    /// <summary>Most tokens (rows) one <see cref="Forward"/> takes, over all its requests.</summary>
    int MaxBatchTokens { get; }

    /// <summary>An empty cache in this backend's arena; with <paramref name="observe"/> attention received is accumulated as it goes.</summary>
    KvCache CreateCache(ObservationOptions? observe = null);

    /// <summary>
    /// Runs one step: every request appends its tokens to its cache at that cache's logical length (a chunk of a prompt, or one token of
    /// a decode) and yields the logits it asked for. Requests are independent and may have any lengths. All-or-nothing as to memory:
    /// <see cref="ArenaFullException"/> is thrown before anything ran.
    /// </summary>
    void Forward(IReadOnlyList<ForwardRequest> batch);

    /// <summary>
    /// Prepares tokens, at most <see cref="MaxBatchTokens"/>, to be appended to a cache layer by layer, without logits; null where the backend
    /// runs whole steps only. <see cref="ArenaFullException"/> before anything has changed. A pass that is not run to its end leaves
    /// rows prepared: the cache is to be emptied, or cut to its length.
    /// </summary>
    ILayerPass? BeginLayers(KvCache cache, ReadOnlyMemory<int> tokens) => null;

    /// <summary>
    /// Prepares a scoring pass: prompts run against a cache without being appended, and the attention its slots receive is gathered.
    /// The pass works layer by layer with its own working memory, so it needs no room in the arena.
    /// </summary>
    IScoringPass BeginScoring(ScoringRequest request);

    /// <summary>Prepares a history pass: the last tokens run again at their own positions, and what their queries look at is gathered.</summary>
    IHistoryPass BeginHistory(HistoryRequest request);

    /// <summary>
    /// Norm of each slot's value behind each query head's part of the output projection, ||W_o,h v||: rows = QUERY heads. Costs about as
    /// much as the output projection of all slots.
    /// </summary>
    AttentionScores ProjectedValueNorms(KvCache cache, VectorNorm norm);

    /// <summary>
    /// The same of slots to be named, mean over the query heads of a group, and bounds of all; computed as it is asked, while the cache is as
    /// it was.
    /// </summary>
    ISlotNorms SlotNorms(KvCache cache, VectorNorm norm) =>
        new GivenSlotNorms(ScoreOperations.GroupToKvHeads(ProjectedValueNorms(cache, norm), Model.KvHeads));

    /// <summary>
    /// Rewrites one slot: key [headSize] (RoPE applied), value [headSize], and the bias added to its logits. The cache is no longer exact.
    /// <see cref="ArenaFullException"/> before anything has changed.
    /// </summary>
    void WriteSlot(KvCache cache, int layer, int head, int slot, ReadOnlySpan<float> key, ReadOnlySpan<float> value, float bias);

    /// <summary>Attention biases of the first slots of a head, 0 where it has none: [destination] slots.</summary>
    void ReadBiases(KvCache cache, int layer, int head, Span<float> destination);

    /// <summary>
    /// Turns all keys by RoPE to positions without gaps: the conversation then goes on from the number of kept rows. Slots keep their order;
    /// heads shorter than the longest take the last positions. <see cref="ArenaFullException"/> before anything has changed, where pages
    /// shared with forks cannot be copied.
    /// </summary>
    void ClosePositions(KvCache cache);

    /// <summary>L2 norm of each slot's value vector, rows = KV heads.</summary>
    AttentionScores ValueNorms(KvCache cache);

    /// <summary>Attention observed so far, rows = KV heads; null where the cache was made without observation.</summary>
    AttentionScores? Observed(KvCache cache);

    /// <summary>Copies keys of slots [start, start + count) of one head to the host as float32 [count, headSize] (RoPE applied).</summary>
    void ReadKeys(KvCache cache, int layer, int head, int start, int count, Span<float> destination);

    /// <summary>Copies values of slots [start, start + count) of one head to the host as float32 [count, headSize].</summary>
    void ReadValues(KvCache cache, int layer, int head, int start, int count, Span<float> destination);
}
