using KVCluster.Compression;
using KVCluster.Inference.Backend;

namespace KVCluster.Benchmarks.PolicyCost;

/// <summary>What observing attention adds to a prefill, and the bytes of what it keeps as a share of the cache's.</summary>
internal static class ObservationTable
{
    private static readonly ObservationOptions[] _kinds =
    [
        new(QueryAggregation.Max),
        new(QueryAggregation.Mean),
        new(QueryAggregation.Max, Window: 0),
        new(QueryAggregation.Mean, Window: 0),
    ];

    public static void Write(PolicyCostBenchmark benchmark, int repeat)
    {
        Console.WriteLine("observing attention while prefilling: time added, and bytes of scores as a share of the cache's");
        Console.WriteLine($"{"observed",-28} {"prefill s",9} {"added %",9} {"bytes %",8}");
        foreach (ObservationOptions kind in _kinds)
        {
            double plain = double.MaxValue;
            double observing = double.MaxValue;
            for (int i = 0; i < repeat; i++)
            {
                plain = Math.Min(plain, benchmark.Prefill());
                observing = Math.Min(observing, benchmark.Prefill(kind));
            }

            double bytes = (double)benchmark.Cache.Companion!.Bytes / benchmark.Cache.Bytes;
            string queries = kind.Window == 0 ? "all queries" : $"the last {kind.Window} of a step";
            Console.WriteLine($"{$"{kind.Aggregation}, {queries}",-28} {plain,9:F2} {100 * ((observing / plain) - 1),9:F1} {100 * bytes,8:F2}");
        }
    }
}
