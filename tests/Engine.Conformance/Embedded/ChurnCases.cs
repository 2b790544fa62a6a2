using KVCluster.Engine.Conformance.Cluster;
using KVCluster.Engine.Conformance.Grains;
using KVCluster.Engine.Embedded;
using Orleans.Runtime;
using Orleans.Storage;

namespace KVCluster.Engine.Conformance.Embedded;

/// <summary>Calls race with moves, deactivations and silos that come and go.</summary>
public sealed class ChurnCases : ConformanceCase
{
    private const int Grains = 24;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public Task No_call_fails_or_is_lost_while_grains_move_and_silos_stop_in_order(int seed) =>
        CallWhileTheClusterChangesAsync(seed, killsSilos: false, (stored, answered, failed) => Assert.Equal((answered, 0), (stored, failed)));

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public Task No_answered_count_is_lost_while_silos_are_killed(int seed) =>
        CallWhileTheClusterChangesAsync(seed, killsSilos: true, (stored, answered, failed) =>

            // A call that failed may have been written, or not.
            Assert.InRange(stored, answered, answered + failed));

    private async Task CallWhileTheClusterChangesAsync(int seed, bool killsSilos, Action<int, int, int> check)
    {
        var cluster = await StartAsync(new ConformanceOptions { Silos = 3 });
        var keys = Enumerable.Range(0, Grains).Select(_ => NewKey()).ToArray();
        var churn = new Churn(cluster, keys, seed);
        using var enough = new CancellationTokenSource();
        var callers = keys.Select(key => CountAsync(cluster, key, enough.Token)).ToArray();
        for (var step = 0; step < 150; step++)
        {
            await Soon(churn.StepAsync(killsSilos));
        }

        await enough.CancelAsync();
        var counts = await Soon(Task.WhenAll(callers));
        for (var i = 0; i < Grains; i++)
        {
            check(await Soon(Get<ITallyGrain>(cluster, keys[i]).Get()), counts[i].Answered, counts[i].Failed);
        }
    }

    private static async Task<(int Answered, int Failed)> CountAsync(IConformanceCluster cluster, string key, CancellationToken enough)
    {
        var grain = Get<ITallyGrain>(cluster, key);
        var (answered, failed, last) = (0, 0, 0);
        while (!enough.IsCancellationRequested)
        {
            try
            {
                var count = await Soon(grain.Increment());
                Assert.True(count > last, $"{count} came after {last}.");
                last = count;
                answered++;
            }
            catch (Exception exception) when (exception is SiloUnavailableException or InconsistentStateException)
            {
                // The killed silo's last write may land after its successor's read: the successor is fenced by the ETag.
                failed++;
            }
        }

        return (answered, failed);
    }

    /// <summary>One thing after another happens to the cluster, as a seed decides.</summary>
    private sealed class Churn(IConformanceCluster cluster, string[] keys, int seed)
    {
        private readonly Random _random = new(seed);

        public async Task StepAsync(bool killsSilos)
        {
            var grain = Get<ITallyGrain>(cluster, keys[_random.Next(keys.Length)]);
            var silo = cluster.Silos[_random.Next(cluster.Silos.Count)];
            try
            {
                switch (_random.Next(12))
                {
                    case 0 when cluster.Silos.Count > 1:
                        await (killsSilos ? cluster.KillSiloAsync(silo) : cluster.StopSiloAsync(silo));
                        break;
                    case 1 when cluster.Silos.Count < 5:
                        await cluster.StartSiloAsync();
                        break;
                    case < 7:
                        await grain.MoveTo(silo.Address);
                        break;
                    default:
                        await grain.Deactivate();
                        break;
                }
            }
            catch (SiloUnavailableException) when (killsSilos)
            {
            }
        }
    }
}
