using System.Diagnostics;

namespace KVCluster.Engine.Conformance;

/// <summary>Bounded waits.</summary>
internal static class Eventually
{
    /// <summary>Longer than anything takes on a loaded machine.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Lets a cluster's time pass, step by step, until something holds.</summary>
    public static async Task HoldsAsync(IConformanceCluster cluster, TimeSpan step, Func<Task<bool>> holds)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!await holds().WaitAsync(Limit))
        {
            if (waited.Elapsed > Limit)
            {
                Assert.Fail($"still not so after {waited.Elapsed.TotalSeconds:F0} s");
            }

            await cluster.PassAsync(step);
        }
    }

    /// <summary>Waits for a call that must end, while the cluster's time stands still or goes its own way.</summary>
    public static Task<T> Within<T>(this Task<T> call) => call.WaitAsync(Limit);

    /// <inheritdoc cref="Within{T}"/>
    public static Task Within(this Task call) => call.WaitAsync(Limit);
}
