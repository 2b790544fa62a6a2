using System.Diagnostics;
using KVCluster.Engine.Conformance.Grains;
using Orleans.Runtime;
using Xunit.Abstractions;

namespace KVCluster.Engine.Conformance.OnOrleans;

public sealed class FailoverTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task A_killed_silos_grain_answers_from_another_within_five_seconds()
    {
        await using IConformanceCluster cluster = await ConformanceClusters.CreateAsync(new ConformanceSettings());
        await cluster.StartSiloAsync("stays");
        IConformanceSilo victim = await cluster.StartSiloAsync("dies", killable: true);
        IPlacedGrain grain = cluster.Client.GetGrain<IPlacedGrain>("dies");
        Assert.Equal("dies", await grain.Silo());
        Stopwatch dead = Stopwatch.StartNew();
        await cluster.KillSiloAsync(victim);
        Assert.Equal("stays", await UntilAnsweredAsync(grain, dead));
        output.WriteLine($"answered {dead.Elapsed.TotalSeconds:F2} s after the kill");
        Assert.InRange(dead.Elapsed, TimeSpan.Zero, Limit);
    }

    private static async Task<string> UntilAnsweredAsync(IPlacedGrain grain, Stopwatch waited)
    {
        while (true)
        {
            try
            {
                return await grain.Silo().Within();
            }
            catch (OrleansException) when (waited.Elapsed < Eventually.Limit)
            {
                await Task.Delay(20);
            }
        }
    }
}
