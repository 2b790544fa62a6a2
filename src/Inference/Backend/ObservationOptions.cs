using KVCluster.Compression;

namespace KVCluster.Inference.Backend;

/// <summary>
/// Accumulates, per layer, KV head and slot, the attention received from the queries of a step, averaged over the query heads of the group.
/// </summary>
/// <param name="Aggregation">Largest or mean over the observed queries.</param>
/// <param name="Window">Only the last queries of each step look: those know most of the context, and a prompt costs no more than its end.</param>
public sealed record ObservationOptions(QueryAggregation Aggregation = QueryAggregation.Max, int Window = 64);
