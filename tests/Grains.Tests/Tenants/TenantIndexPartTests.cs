namespace KVCluster.Grains.Tests.Tenants;

/// <summary>A part of a tenant's index over a long time.</summary>
public sealed class TenantIndexPartTests(NeedleModel needle) : ScriptedFixture(needle)
{
    [Fact]
    public async Task However_often_the_index_is_written_it_has_one_timer()
    {
        (GrainCluster cluster, ISessionGrain session, _) = await OneAsync(
            configure: options => options.IndexWriteDelay = TimeSpan.FromSeconds(1));
        List<int> timers = [];
        for (int round = 0; round < 6; round++)
        {
            int writes = cluster.States.IndexWrites;
            await session.SayAsync([1]);
            using var patience = new CancellationTokenSource(Turns.Patience);
            while (cluster.States.IndexWrites == writes)
            {
                Time.Advance(TimeSpan.FromSeconds(1));
                await Task.Delay(TimeSpan.FromMilliseconds(1), patience.Token);
            }

            timers.Add(Time.Timers);
        }

        Assert.True(timers[^1] <= timers[1], string.Join(", ", timers));
    }
}
