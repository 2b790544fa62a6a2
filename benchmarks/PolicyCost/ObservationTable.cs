using KVCluster.Compression;
using KVCluster.Inference.Backend;

namespace KVCluster.Benchmarks.PolicyCost;

/// <summary>
/// What observing attention adds to a prefill, and the bytes of what it keeps as a share of the cache's. Two caches are prefilled side by
/// side, a chunk of one and the same chunk of the other, the first of the two changing: what a busy machine does meets both alike.
/// </summary>
internal static class ObservationTable
{
    private static readonly ObservationOptions[] _kinds =
    [
        new(QueryAggregation.Max),
        new(QueryAggregation.Mean),
        new(QueryAggregation.Mean) { LastStep = true },
        new(QueryAggregation.Max, Window: 0),
        new(QueryAggregation.Mean, Window: 0),
    ];

    public static string Name(ObservationOptions kind) =>
        $"{kind.Aggregation}, {(kind.Window == 0 ? "all queries" : $"the last {kind.Window} of {(kind.LastStep ? "the last" : "a")} step")}";

    public static void Write(PolicyCostBenchmark benchmark, int rounds)
    {
        Console.WriteLine($"observing attention while prefilling, against not observing: {rounds} prefills of each, alternating chunk by chunk");
        Console.WriteLine("added: of each chunk the median of its pairs' ratios, weighted by its time; quartiles: of whole prefills' ratios; bytes: of the cache's");
        Console.WriteLine($"{"observed",-28} {"prefill s",9} {"added %",9} {"quartiles",15} {"bytes %",8}");
        Write("nothing (the noise)", null);
        foreach (ObservationOptions kind in _kinds)
        {
            Write(Name(kind), kind);
        }

        void Write(string name, ObservationOptions? kind)
        {
            PairedTimes times = benchmark.PrefillInPairs(kind, rounds);
            (double low, double high) = times.Quartiles();
            double bytes = (double)(benchmark.Cache.Companion?.Bytes ?? 0) / benchmark.Cache.Bytes;
            string quartiles = $"{100 * (low - 1):F1} to {100 * (high - 1):F1}";
            Console.WriteLine($"{name,-28} {times.Seconds,9:F2} {100 * (times.Ratio() - 1),9:F1} {quartiles,15} {100 * bytes,8:F2}");
        }
    }
}
