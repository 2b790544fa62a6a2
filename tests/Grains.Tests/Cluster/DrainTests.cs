using KVCluster.Worker.Serving;

namespace KVCluster.Grains.Tests.Cluster;

/// <summary>Nodes that leave in order: no turn is lost, caches go on elsewhere.</summary>
public sealed class DrainTests(NeedleModel needle) : ScriptedFixture(needle)
{
    [Fact]
    public async Task Idle_sessions_move_with_their_caches_and_bytes_are_reported()
    {
        GrainCluster cluster = await StartAsync(2);
        List<string> here = await FillAsync(cluster, "node-0");
        DrainReport report = await cluster.DrainAsync("node-0");
        Assert.Equal(("node-0", here.Count, 0, 0, 0), (report.Node, report.Moved, report.Saved, report.Left, report.Uncopied));
        Assert.Equal(64L * 6 * here.Count, report.CacheBytes);
        Assert.Equal(4L * 6 * here.Count, report.WrittenBytes);
        Assert.Empty(cluster.Worker<ScriptedWorker>("node-0").Resident);
        foreach (string id in here)
        {
            TurnResult result = await cluster.Session(id).SayAsync([3]);
            Assert.Equal((6, 6), (result.HistoryTokens, result.CachedTokens));
            Assert.Equal("node-1", (await cluster.Session(id).Describe()).Node);
            await cluster.Session(id).HasHistoryAsync(Turns.Answered(Turns.Answered([], [1, 2], 4), [3], 4));
        }
    }

    [Fact]
    public async Task A_running_turn_ends_and_then_its_session_moves()
    {
        (GrainCluster cluster, ISessionGrain session, string node) = await HomeAsync();
        (Task reached, Action release) = Hold(cluster.Worker<ScriptedWorker>(node), step: 2);
        Task<TurnResult> turn = session.SayAsync([1, 2]);
        await reached;
        Task<DrainReport> drain = cluster.DrainAsync(node);
        release();
        Assert.Equal(4, (await turn).AnswerTokens);
        DrainReport report = await PassingAsync(drain);
        Assert.Equal((1, 0, 1), (report.Turns, report.BrokenOff, report.Moved));
        Assert.NotEqual(node, (await session.Describe()).Node);
        await session.HasHistoryAsync(Turns.Answered([], [1, 2], 4));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-1)]
    public async Task A_turn_whose_time_is_up_goes_on_elsewhere_from_where_it_was_cut(int step)
    {
        (GrainCluster cluster, ISessionGrain session, string node) = await HomeAsync();
        await session.SayAsync([1]);
        DrainReport report = await CutAsync(cluster, session, node, step);
        Assert.Equal((1, 1, 0, 1, 0), (report.Turns, report.HandedOver, report.BrokenOff, report.Moved, report.Left));
        await session.HasHistoryAsync(Turns.Answered([], [1], 4));
        TurnResult again = await session.InsistAsync(s => s.SayAsync([2], key: "k"));
        Assert.Equal((5, 1, 4, false), (again.HistoryTokens, again.PromptTokens, again.AnswerTokens, again.IsRepeated));
        Assert.Equal(5, again.CachedTokens);
        string other = (await session.Describe()).Node;
        Assert.NotEqual(node, other);
        Assert.Equal(4 - Math.Max(0, step), cluster.Worker<ScriptedWorker>(other).Steps);
        await session.HasHistoryAsync(Turns.Answered(Turns.Answered([], [1], 4), [2], 4));
        Assert.True((await session.SayAsync([2], key: "k")).IsRepeated);
    }

    [Fact]
    public async Task What_was_handed_over_is_forgotten_with_another_turn_and_its_key_is_not_taken_for_another_request()
    {
        (GrainCluster cluster, ISessionGrain session, string node) = await HomeAsync();
        await CutAsync(cluster, session, node, 2);
        await Assert.ThrowsAsync<IdempotencyConflictException>(() => session.InsistAsync(s => s.SayAsync([3], key: "k")));
        Assert.Equal(0, (await session.InsistAsync(s => s.SayAsync([5]))).HistoryTokens);
        Assert.Equal((5, 4), (await session.SayAsync([2], key: "k")) is var late ? (late.HistoryTokens, late.AnswerTokens) : default);
        await session.HasHistoryAsync(Turns.Answered(Turns.Answered([], [5], 4), [2], 4));
    }

    [Fact]
    public async Task What_was_handed_over_outlives_the_node_that_took_it()
    {
        GrainCluster cluster = await StartAsync(3);
        ISessionGrain session = cluster.Session("s");
        string node = (await session.Create(new SessionOptions())).Node;
        await CutAsync(cluster, session, node, 2);
        await cluster.KillAsync((await session.InsistAsync(s => s.Describe())).Node);
        TurnResult again = await session.InsistAsync(s => s.SayAsync([2], key: "k"));
        Assert.Equal((0, 4, false), (again.HistoryTokens, again.AnswerTokens, again.IsRepeated));
        Assert.Equal(2, cluster.Worker<ScriptedWorker>((await session.Describe()).Node).Steps);
        await session.HasHistoryAsync(Turns.Answered([], [2], 4));
    }

    [Fact]
    public async Task A_turn_without_a_key_whose_time_is_up_never_was()
    {
        (GrainCluster cluster, ISessionGrain session, string node) = await HomeAsync();
        await session.SayAsync([1]);
        DrainReport report = await CutAsync(cluster, session, node, 2, key: null);
        Assert.Equal((1, 0, 1, 1, 0), (report.Turns, report.HandedOver, report.BrokenOff, report.Moved, report.Left));
        TurnResult again = await session.InsistAsync(s => s.SayAsync([2]));
        Assert.Equal((5, 5, false), (again.HistoryTokens, again.CachedTokens, again.IsRepeated));
        Assert.Equal(4, cluster.Worker<ScriptedWorker>((await session.Describe()).Node).Steps);
        await session.HasHistoryAsync(Turns.Answered(Turns.Answered([], [1], 4), [2], 4));
    }

    /// <summary>A turn that does not end, and a node that leaves meanwhile: the turn's reader gets an error that passes.</summary>
    private async Task<DrainReport> CutAsync(GrainCluster cluster, ISessionGrain session, string node, int step, string? key = "k")
    {
        (Task reached, _) = Hold(cluster.Worker<ScriptedWorker>(node), step);
        Task<TurnResult> turn = session.SayAsync([2], key: key);
        await reached;
        DrainReport report = await PassingAsync(cluster.DrainAsync(node));
        Exception lost = await Assert.ThrowsAnyAsync<Exception>(() => turn);
        Assert.True(Turns.IsTransient(lost), lost.ToString());
        return report;
    }

    [Fact]
    public async Task A_draining_node_begins_no_turn_and_says_that_nothing_was_done()
    {
        GrainCluster cluster = await StartAsync(1);
        ISessionGrain session = cluster.Session("s");
        await session.Create(new SessionOptions());
        await session.SayAsync([1], key: "k");
        await cluster.DrainAsync("node-0");
        await Assert.ThrowsAsync<SessionMovingException>(() => session.SayAsync([2]));
        Assert.True((await session.SayAsync([1], key: "k")).IsRepeated);
        await session.HasHistoryAsync(Turns.Answered([], [1], 4));
    }

    [Fact]
    public async Task A_turn_that_meets_a_draining_node_is_served_elsewhere_when_sent_again()
    {
        GrainCluster cluster = await StartAsync(2);
        ISessionGrain session = cluster.Session("s");
        string node = (await session.Create(new SessionOptions())).Node;
        await cluster.DrainAsync(node);
        await Assert.ThrowsAsync<SessionMovingException>(() => session.SayAsync([1]));
        Assert.Equal(4, (await session.InsistAsync(s => s.SayAsync([1]))).AnswerTokens);
        Assert.NotEqual(node, (await session.Describe()).Node);
    }

    [Fact]
    public async Task Without_another_node_caches_go_to_the_cold_store()
    {
        GrainCluster cluster = await StartAsync(1);
        List<string> here = await FillAsync(cluster, "node-0");
        DrainReport report = await cluster.DrainAsync("node-0");
        Assert.Equal((0, here.Count, 0), (report.Moved, report.Saved, report.Left));
        Assert.All(here, id => Assert.Equal(6, Cold.Find(new("t", id)).Length));
    }

    [Fact]
    public async Task Nodes_that_drain_together_do_not_move_to_each_other()
    {
        GrainCluster cluster = await StartAsync(3);
        await FillAsync(cluster, "node-0");
        foreach (string node in (string[])["node-0", "node-1"])
        {
            cluster.Drain(node).Begin();
        }

        await cluster.ReportAsync();
        DrainReport[] reports = await Task.WhenAll(cluster.DrainAsync("node-0"), cluster.DrainAsync("node-1"));
        Assert.All(reports, report => Assert.True(report is { Moved: > 0, Left: 0 }));
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal("node-2", (await cluster.Session($"a{i}").Describe()).Node);
        }
    }

    [Fact]
    public async Task What_cannot_be_handed_over_in_time_is_left_and_counted()
    {
        (GrainCluster cluster, ISessionGrain session, string node) = await HomeAsync();
        await session.SayAsync([1]);
        cluster.Worker<ScriptedWorker>(node).EvictFailure = new TurnInProgressException(new("t", "s"));
        DrainReport report = await PassingAsync(cluster.DrainAsync(node));
        Assert.Equal((0, 1), (report.Moved, report.Left));
    }

    [Fact]
    public async Task A_cache_that_the_cold_store_refuses_is_counted_and_computed_again()
    {
        (GrainCluster cluster, ISessionGrain session, string node) = await HomeAsync();
        await session.SayAsync([1]);
        Cold.Refuses = true;
        DrainReport report = await cluster.DrainAsync(node);
        Assert.Equal((1, 1, 0L), (report.Moved, report.Uncopied, report.WrittenBytes));
        TurnResult result = await session.SayAsync([2]);
        Assert.Equal((5, 0), (result.HistoryTokens, result.CachedTokens));
    }

    [Fact]
    public async Task Asked_again_a_node_gives_the_same_report()
    {
        GrainCluster cluster = await StartAsync(2);
        await FillAsync(cluster, "node-0");
        INodeGrain node = cluster.Engine.Client.GetGrain<INodeGrain>("node-0");
        Assert.Equal(await node.Drain(), await node.Drain());
    }

    /// <summary>Sessions of six tokens, until some are on the node; those that are.</summary>
    private static async Task<List<string>> FillAsync(GrainCluster cluster, string node)
    {
        List<string> here = [];
        for (int i = 0; i < 8 || here.Count == 0; i++)
        {
            ISessionGrain session = cluster.Session($"a{i}");
            SessionInfo info = await session.Create(new SessionOptions());
            await session.SayAsync([1, 2]);
            if (info.Node == node)
            {
                here.Add($"a{i}");
            }
        }

        return here;
    }

    private async Task<(GrainCluster Cluster, ISessionGrain Session, string Node)> HomeAsync()
    {
        GrainCluster cluster = await StartAsync(2);
        ISessionGrain session = cluster.Session("s");
        return (cluster, session, (await session.Create(new SessionOptions())).Node);
    }

    /// <summary>Lets time pass until something has ended.</summary>
    private async Task<T> PassingAsync<T>(Task<T> task)
    {
        using var patience = new CancellationTokenSource(Turns.Patience);
        while (!task.IsCompleted)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1, patience.Token);
        }

        return await task;
    }
}
