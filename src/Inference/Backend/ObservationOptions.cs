using KVCluster.Compression;
using KVCluster.Compression.Policies;

namespace KVCluster.Inference.Backend;

/// <summary>
/// Accumulates, per layer, KV head and slot, the attention received from the queries of a step, averaged over the query heads of the group.
/// </summary>
/// <param name="Aggregation">Largest or mean over the observed queries.</param>
/// <param name="Window">
/// Only the last so many queries of each step look: those know most of the context, and a prompt costs no more than its end. 0: all.
/// </param>
public sealed record ObservationOptions(QueryAggregation Aggregation = QueryAggregation.Max, int Window = 64)
{
    /// <summary>
    /// Only the last step is observed, where it has at least <see cref="Window"/> queries: just the last queries of a prompt. A shorter step
    /// costs nothing and leaves nothing, as does whatever changes the cache.
    /// </summary>
    public bool LastStep { get; init; }

    /// <summary>
    /// What a cache must observe from its first token on for one of the policies; null where none scores by it, or <paramref name="requests"/>
    /// is empty. A request that can do without counts only where none cannot.
    /// </summary>
    public static ObservationOptions? For(params IEnumerable<ScoreRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        AttentionRequest[] wanted = [.. requests.Select(r => r.Attention).OfType<AttentionRequest>()];
        if (wanted.FirstOrDefault(a => a.Source == AttentionSource.Observed) is { } must)
        {
            var usual = new ObservationOptions(must.Aggregation);
            return must.Window == 0 ? usual : usual with { Window = must.Window };
        }

        return wanted.FirstOrDefault(a => a.OrObserved) is { } may ? InPlaceOf(may) : null;
    }

    /// <summary>What observes just the queries of a request that a pass would run again.</summary>
    internal static ObservationOptions InPlaceOf(AttentionRequest request) =>
        new(request.Aggregation, request.Window) { LastStep = request.Window > 0 };
}
