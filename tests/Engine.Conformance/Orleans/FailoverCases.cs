using System.Diagnostics;
using KVCluster.Engine.Conformance.Cluster;
using KVCluster.Engine.Conformance.Grains;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Xunit.Abstractions;

namespace KVCluster.Engine.Conformance.Cases;

/// <summary>What the settings of <see cref="Hosting.FailureDetection"/> promise.</summary>
public sealed class FailoverCases(ITestOutputHelper output) : ConformanceCase
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task A_killed_silos_grain_answers_from_another_within_five_seconds()
    {
        IConformanceCluster cluster = await StartAsync(new ConformanceOptions { Silos = 2, Killable = true });
        ConformanceSilo victim = cluster.Silos[1];
        RequestContext.Set(IPlacementDirector.PlacementHintKey, victim.Address);
        ILifeGrain grain = Get<ILifeGrain>(cluster);
        Assert.Equal(victim.Address, await Soon(grain.Silo()));
        Stopwatch dead = Stopwatch.StartNew();
        await cluster.KillSiloAsync(victim);
        Assert.Equal(cluster.Silos[0].Address, await UntilAnsweredAsync(grain, dead));
        output.WriteLine($"answered {dead.Elapsed.TotalSeconds:F2} s after the kill");
        Assert.InRange(dead.Elapsed, TimeSpan.Zero, Limit);
    }

    private static async Task<SiloAddress> UntilAnsweredAsync(ILifeGrain grain, Stopwatch waited)
    {
        while (true)
        {
            try
            {
                return await Soon(grain.Silo());
            }
            catch (OrleansException) when (waited.Elapsed < Stage.Patience)
            {
                await Task.Delay(20);
            }
        }
    }
}
