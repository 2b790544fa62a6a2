using KVCluster.Compression;
using KVCluster.Evaluation.Scenarios;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;

namespace KVCluster.Silo.Simulating;

/// <summary>
/// A device that is speeds: a step computes nothing and takes simulated time, a prompt's by the prefill speed, a token's by the decode
/// speed whatever else decodes beside it. Caches, pages and their ledger are real ones, in the arena of <paramref name="inner"/>.
/// </summary>
/// <param name="inner">Whose arena it is.</param>
/// <param name="speeds">Tokens a second, in tokens of caches.</param>
/// <param name="gate">Where steps take their time.</param>
/// <param name="attention">Attention of the conversations whose tokens have an id, by that id.</param>
internal sealed class SimulatedBackend(
    IInferenceBackend inner, ScenarioDevice speeds, StepGate gate, IReadOnlyList<SyntheticAttention> attention) : UncomputedBackend
{
    /// <inheritdoc/>
    public override ModelConfig Model => inner.Model;

    /// <inheritdoc/>
    public override KvPool Pool => inner.Pool;

    /// <inheritdoc/>
    public override BackendMemory Memory => inner.Memory;

    /// <inheritdoc/>
    public override int MaxBatchTokens => inner.MaxBatchTokens;

    /// <inheritdoc/>
    public override KvCache CreateCache(ObservationOptions? observe = null) => new(Pool, new AttentionOfCache());

    /// <inheritdoc/>
    public override void Forward(IReadOnlyList<ForwardRequest> batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        int prompt = 0;
        bool decodes = false;
        foreach (ForwardRequest request in batch)
        {
            request.Cache.PrepareAppend(request.Tokens.Length);
            prompt += request.Tokens.Length > 1 ? request.Tokens.Length : 0;
            decodes |= request.Tokens.Length == 1;
        }

        gate.Pass((prompt / speeds.PrefillTokensPerSecond) + (decodes ? 1 / speeds.DecodeTokensPerSecond : 0));
        foreach (ForwardRequest request in batch)
        {
            ((AttentionOfCache)request.Cache.Companion!).Attention ??= attention[request.Tokens.Span[0]];
            request.Cache.CommitAppend(request.Tokens.Length);
            if (request.Logits == LogitsRows.Last)
            {
                // The answer says the last token again: a conversation is made of one.
                request.LogitsDestination.Span.Clear();
                request.LogitsDestination.Span[request.Tokens.Span[^1]] = 1;
            }
        }
    }

    /// <inheritdoc/>
    public override AttentionScores? Observed(KvCache cache)
    {
        ArgumentNullException.ThrowIfNull(cache);
        return (cache.Companion as AttentionOfCache)?.Attention?.Of(cache);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
    }
}
