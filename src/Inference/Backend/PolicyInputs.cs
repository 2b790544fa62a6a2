using KVCluster.Compression;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Backend;

/// <summary>What was gathered for a policy.</summary>
/// <param name="Input">What the policy plans from. Its vectors read the cache: it must be planned with before the cache changes.</param>
/// <param name="WorkingBytes">Most bytes held while gathering.</param>
public sealed record GatheredInput(PolicyInput Input, long WorkingBytes);

/// <summary>Asks a backend for just what a policy's <see cref="ScoreRequest"/> names.</summary>
public static class PolicyInputs
{
    /// <summary>
    /// Gathers it all. <paramref name="progress"/> is told the share of the pass under way, 0 to 1. Throws <see cref="InputException"/>
    /// where the context lacks what the policy asks for; the cache is unchanged whatever happens.
    /// </summary>
    public static GatheredInput Gather(
        IInferenceBackend backend,
        KvCache cache,
        ScoreRequest request,
        PolicyContext context,
        Action<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        using PolicyGathering gathering = Begin(backend, cache, request, context);
        bool more;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Invoke(gathering.Progress);
            more = gathering.Step();
        }
        while (more);
        progress?.Invoke(1);
        return gathering.Result;
    }

    /// <summary>As <see cref="Gather"/>, a bounded piece at a time, so that other work may run on the backend in between.</summary>
    public static PolicyGathering Begin(IInferenceBackend backend, KvCache cache, ScoreRequest request, PolicyContext context)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(context);
        if (context.History.Length < cache.LogicalLength)
        {
            throw new ArgumentException($"{context.History.Length} ids of history for a cache of {cache.LogicalLength} tokens", nameof(context));
        }

        if (context.ChunkTokens < 1)
        {
            throw new InputException($"the tokens a step of a scoring pass must be 1 or more, not {context.ChunkTokens}");
        }

        return new PolicyGathering(backend, cache, request, context);
    }
}
