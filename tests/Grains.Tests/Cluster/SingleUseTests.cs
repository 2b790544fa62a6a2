namespace KVCluster.Grains.Tests.Cluster;

/// <summary>Sessions whose ids are never used again: of a closed one nothing is kept.</summary>
public sealed class SingleUseTests(NeedleModel needle) : ScriptedFixture(needle)
{
    [Fact]
    public async Task A_closed_session_of_an_id_that_is_not_used_again_leaves_no_state()
    {
        (GrainCluster cluster, ISessionGrain session, ScriptedWorker worker) = await OneAsync(configure: SingleUse);
        await session.SayAsync([1, 2, 3]);
        await session.Close();
        Assert.Null(cluster.States.Session("t/s"));
        Assert.Empty(worker.Resident);
        Assert.Equal(0, await Index(cluster).Count());

        // The activation that closed it still knows.
        await session.Close();
        await Assert.ThrowsAsync<SessionClosedException>(() => session.SayAsync([1]));
        await Assert.ThrowsAsync<SessionClosedException>(() => session.Create(new SessionOptions()));
        Assert.Null(cluster.States.Session("t/s"));
    }

    [Fact]
    public async Task Other_sessions_keep_their_tombstone()
    {
        (GrainCluster cluster, ISessionGrain session, _) = await OneAsync(configure: options => options.SingleUsePrefix = "auto-");
        await session.Close();
        Assert.True(cluster.States.Session("t/s")!.IsClosed);
    }

    [Fact]
    public async Task A_later_activation_finds_no_such_session()
    {
        (GrainCluster cluster, ISessionGrain session, _) = await OneAsync(configure: SingleUse);
        await session.Close();
        await cluster.DeactivateAllAsync(Time);
        await Assert.ThrowsAsync<SessionNotFoundException>(() => session.SayAsync([1]));
        await Assert.ThrowsAsync<SessionNotFoundException>(() => session.Close());
        Assert.Null(cluster.States.Session("t/s"));
        Assert.Equal(0, await Index(cluster).Count());
    }

    [Fact]
    public async Task A_stale_activation_can_write_nothing_behind_a_state_that_was_removed()
    {
        (GrainCluster cluster, ISessionGrain session, _) = await OneAsync(configure: SingleUse);
        await session.SayAsync([1]);
        cluster.States.Remove("t/s");
        await Assert.ThrowsAsync<SessionUnavailableException>(() => session.SayAsync([2]));
        Assert.Null(cluster.States.Session("t/s"));
    }

    [Fact]
    public async Task A_state_that_cannot_be_removed_stays_as_a_tombstone_until_it_is_closed_again()
    {
        (GrainCluster cluster, ISessionGrain session, _) = await OneAsync(configure: SingleUse);
        await session.SayAsync([1, 2, 3]);
        cluster.States.BeforeClear = () => throw new IOException("the disk is away");
        await session.Close();
        Assert.True(cluster.States.Session("t/s")!.IsClosed);
        cluster.States.BeforeClear = null;
        await session.Close();
        Assert.Null(cluster.States.Session("t/s"));
    }

    [Fact]
    public async Task Closing_again_takes_a_session_off_an_index_that_was_told_late()
    {
        (GrainCluster cluster, ISessionGrain session, _) = await OneAsync(configure: SingleUse);
        await session.Close();
        await cluster.DeactivateAllAsync(Time);
        var late = new SessionSummary { Session = "s", Created = Time.GetUtcNow(), LastUsed = Time.GetUtcNow(), Tokens = 0, Node = "node-0" };
        await cluster.Engine.Client.GetGrain<ITenantIndexPartGrain>(TenantParts.KeyOf(SessionId.Of("t", "s"))).Touch(late, CancellationToken.None);
        Assert.Equal(1, await Index(cluster).Count());
        await Assert.ThrowsAsync<SessionNotFoundException>(() => session.Close());
        Assert.Equal(0, await Index(cluster).Count());
    }

    private static void SingleUse(GrainOptions options) => options.SingleUsePrefix = "s";

    private static ITenantIndexGrain Index(GrainCluster cluster) => cluster.Engine.Client.GetGrain<ITenantIndexGrain>("t");
}
