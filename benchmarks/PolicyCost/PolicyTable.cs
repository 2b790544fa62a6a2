using KVCluster.Compression.Policies;

namespace KVCluster.Benchmarks.PolicyCost;

/// <summary>One line a policy: gathering, planning and applying as shares of the prefill.</summary>
internal static class PolicyTable
{
    public static void Write(
        PolicyCostBenchmark benchmark, string[] specifications, ICompressionPolicy[] policies, double ratio, int repeat)
    {
        Console.WriteLine($"ratio {ratio}; best of {repeat}, each in turn with prefills; times: share of the prefill; freed: of the conversation's pages");
        Console.WriteLine($"{"policy",-28} {"prefill s",9} {"gather %",9} {"plan %",8} {"apply %",8} {"freed %",8}  prefill observes");
        for (int i = 0; i < policies.Length; i++)
        {
            PolicyCost cost = benchmark.Run(policies[i], ratio, repeat);
            Console.WriteLine(
                $"{specifications[i],-28} {cost.Prefill,9:F2} "
                + $"{100 * cost.Gather / cost.Prefill,9:F1} {100 * cost.Plan / cost.Prefill,8:F2} "
                + $"{100 * cost.Apply / cost.Prefill,8:F2} {100 * cost.Freed,8:F1}"
                + (cost.Observes is null ? string.Empty : $"  {ObservationTable.Name(cost.Observes)}"));
        }
    }
}
